"""How often something may be tried: one row per bucket and fixed window, for all processes."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import String, delete, update
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, db, insert_missing


class RateWindow(Base):
    """How often a bucket was hit in the window that began at `window_start`."""

    __tablename__ = "rate_window"

    bucket: Mapped[str] = mapped_column(String(120), primary_key=True)
    window_start: Mapped[datetime] = mapped_column(primary_key=True)
    hits: Mapped[int] = mapped_column(default=0)


def _start(now: datetime, window: timedelta) -> datetime:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch + (now - epoch) // window * window


def hit(bucket: str, *, limit: int, window: timedelta, now: datetime) -> bool:
    """Count one try; say whether it is within the limit. Needs the caller's transaction."""
    start = _start(now, window)
    row = {"bucket": bucket, "window_start": start, "hits": 0}
    insert_missing(RateWindow, [row], ["bucket", "window_start"])
    counted = db.session.execute(
        update(RateWindow)
        .where(RateWindow.bucket == bucket, RateWindow.window_start == start)
        .values(hits=RateWindow.hits + 1)
        .returning(RateWindow.hits)
    ).scalar_one()
    return counted <= limit


def forget(bucket: str) -> None:
    """Begin a bucket anew, after a success."""
    db.session.execute(delete(RateWindow).where(RateWindow.bucket == bucket))


def prune(before: datetime) -> int:
    """Drop windows that began before an instant; return how many."""
    result = db.session.execute(delete(RateWindow).where(RateWindow.window_start < before))
    return int(getattr(result, "rowcount", 0))
