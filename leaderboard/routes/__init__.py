"""Pages of boards, and of those that are several in one: seasons and brackets."""

from leaderboard.routes import series
from leaderboard.routes.boards import blueprint

__all__ = ["blueprint", "series"]
