"""Tables of the reports room: what was counted at night, so that a page counts no history."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, BigKey


class Evidence(Base):
    """What is known of the difference a programme makes, as counted last: derived, never edited."""

    __tablename__ = "evidence"

    programme_id: Mapped[int] = mapped_column(BigKey, ForeignKey("programme.id"), primary_key=True)
    counted_at: Mapped[datetime]
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
