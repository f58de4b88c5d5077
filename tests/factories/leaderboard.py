"""Made-up boards. Every value may be named; nothing else needs to be."""

import itertools
from datetime import date, datetime, timedelta
from fractions import Fraction

import programme.queries
from leaderboard.models import Board
from leaderboard.rules.scoring import PointRule
from leaderboard.services import BoardPlan, open_board
from tests.factories.people import writing

_numbers = itertools.count(1)
GUIDED = PointRule("guided_use", Fraction(10), daily_cap=3)
MONDAY = date(2026, 3, 2)


def make_plan(programme_row, **given) -> BoardPlan:
    """Two weeks of participation from Monday 2 March 2026, 48 hours of grace."""
    slug = f"board-{next(_numbers)}"
    values = {
        "programme_id": programme_row.id,
        "slug": slug,
        "title": slug.title(),
        "link": f"/contests/{slug}",
        "starts_on": MONDAY,
        "ends_on": MONDAY + timedelta(days=14),
        "rules": (GUIDED,),
    } | given
    calendar = programme.queries.calendar(programme_row)
    grace: datetime = calendar.day_start(values["ends_on"]) + timedelta(hours=48)
    return BoardPlan(**{"closes_at": grace, **values})


def make_board(programme_row, **given) -> Board:
    """An open board, not counted yet."""
    with writing():
        return open_board(make_plan(programme_row, **given))
