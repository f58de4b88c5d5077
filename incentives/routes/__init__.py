"""Pages of contests and thanks; `showing` puts a contest's page together from kept parts."""

from incentives.routes import ceremony as ceremony
from incentives.routes import fairplay as fairplay
from incentives.routes import feeds as feeds
from incentives.routes import launch as launch
from incentives.routes import posters as posters
from incentives.routes import steps as steps
from incentives.routes import wall as wall
from incentives.routes.blueprint import blueprint
from incentives.routes.contests import DOORSTEP

__all__ = ["DOORSTEP", "blueprint"]
