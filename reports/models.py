"""Tables of the reports room: what was counted at night, so that a page counts no history."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, BigKey


class Evidence(Base):
    """What is known of the difference a programme makes, as counted last: derived, never edited.

    `basis` stands for the programme's settings and draws at that time, which have no history; it
    is empty in rows older than this column.
    """

    __tablename__ = "evidence"

    programme_id: Mapped[int] = mapped_column(BigKey, ForeignKey("programme.id"), primary_key=True)
    counted_at: Mapped[datetime]
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    basis: Mapped[str | None] = mapped_column(String(64), default=None)
