"""Pages of contests and thanks; `showing` puts a contest's page together from kept parts."""

from incentives.routes.contests import DOORSTEP, blueprint

__all__ = ["DOORSTEP", "blueprint"]
