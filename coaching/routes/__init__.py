"""Pages of the weekly loop."""

from coaching.routes import feeds as feeds
from coaching.routes import gap as gap
from coaching.routes import ideas as ideas
from coaching.routes import item as item
from coaching.routes import settings as settings
from coaching.routes import week as week
from coaching.routes.blueprint import blueprint

__all__ = ["blueprint"]
