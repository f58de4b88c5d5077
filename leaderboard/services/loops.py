"""Weeks in which coaching was kept or skipped, written down by the room above."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from core.db import upsert_rows
from leaderboard.models import LoopWeek


@dataclass(frozen=True)
class KeptWeek:
    """A team's week that asked something of its manager, and whether it was kept."""

    team_id: int
    week: date
    manager_id: int | None
    is_kept: bool


def note_loop_week(programme_id: int, rows: Iterable[KeptWeek]) -> None:
    """Write these weeks down; one that was written before gets the new verdict."""
    upsert_rows(
        LoopWeek,
        [
            {
                "programme_id": programme_id,
                "team_id": row.team_id,
                "week": row.week,
                "manager_id": row.manager_id,
                "is_kept": row.is_kept,
            }
            for row in rows
        ],
        ["programme_id", "team_id", "week"],
    )
