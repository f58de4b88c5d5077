"""Pages of the people room: in and out, my week, the directory, teams, and one's own wishes."""

from people.routes import directory, entry, erasing, me  # noqa: F401 - they hang their pages on it
from people.routes.blueprint import blueprint
from people.routes.entry import load_viewer

__all__ = ["blueprint", "load_viewer"]
