"""Pages of the weekly loop."""

from coaching.routes.blueprint import blueprint

__all__ = ["blueprint"]
