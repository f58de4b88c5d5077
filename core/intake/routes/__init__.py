"""The imports pages: send a file, look at it, see what became of it, and what still waits."""

from core.intake.routes import looking, runs, sending
from core.intake.routes.desk import LARGEST_UPLOAD, blueprint

__all__ = ["LARGEST_UPLOAD", "blueprint", "looking", "runs", "sending"]
