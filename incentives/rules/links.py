"""Ways in without signing in: what they open, and how long they usually last."""

from enum import StrEnum

USUAL_DAYS = 90
FEED_DAYS = 365


class Kind(StrEnum):
    """What a link opens."""

    WALL = "wall"
    EMBED = "embed"
    FEED = "feed"
