"""How a review stands in a calendar: who with, when, for how long, and nothing of what was said.

A calendar is read by assistants, on lock screens and by programs of others. No text of the talk,
no deal and no number goes there; the address leads to a page that asks who is there.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from core.icalendar import Event

FEED = "reviews"
FEED_DAYS = 365
REVIEW_LASTS = timedelta(minutes=10)
KEPT = timedelta(days=90)
TEXT = "What was agreed stands on its page, which asks you to sign in."


@dataclass(frozen=True)
class Review:
    """A review as one of the two has it: `rep` is who it is with, None to the rep themselves.

    `change` counts what calendars were told since the first time, `changed_at` is the last.
    """

    uid: str
    starts_at: datetime
    change: int
    changed_at: datetime
    rep: str | None
    is_called_off: bool = False

    @property
    def title(self) -> str:
        """What the reader's calendar calls it."""
        return "Review with your manager" if self.rep is None else f"Review with {self.rep}"

    @property
    def path(self) -> str:
        """Where its page is in this house."""
        return f"/coaching/{self.uid}"


def event_of(review: Review, base_url: str) -> Event:
    """The same review is the same entry for ever, in feed and invitation and after every move."""
    return Event(
        uid=f"review-{review.uid}@{urlsplit(base_url).hostname or 'localhost'}",
        sequence=review.change,
        changed_at=review.changed_at,
        starts_at=review.starts_at,
        title=review.title,
        text=TEXT,
        url=base_url + review.path,
        is_cancelled=review.is_called_off,
        lasts=REVIEW_LASTS,
        is_busy=not review.is_called_off,
    )
