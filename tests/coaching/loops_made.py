"""Loops, items, fixes and weeks of coverage as rows, for tests of what is counted from them."""

import itertools
from datetime import UTC, date, datetime, time, timedelta

from coaching.models import CoachingItem, CoverageWeek, Fix, Loop
from tests.factories.people import _save

WEEK = timedelta(days=7)
_numbers = itertools.count(1)


def _morning(day: date) -> datetime:
    return datetime.combine(day, time(7), UTC)


def make_loop(owner, team, week: date, **given) -> Loop:
    """A team's week, decided as kept unless said otherwise."""
    values = {
        "programme_id": owner.id,
        "team_id": team.id,
        "week": week,
        "through": week - timedelta(days=1),
        "prepared_at": _morning(week),
        "outcome": "kept",
    } | given
    return _save(Loop(**values))


def make_item(owner, loop, rep, **given) -> CoachingItem:
    """A rep's week, coached on its first day and closed unless said otherwise."""
    values = {
        "uid": f"{next(_numbers):032d}",
        "programme_id": owner.id,
        "loop_id": loop.id,
        "rep_id": rep.id,
        "week": loop.week,
        "state": "closed",
        "coached_at": _morning(loop.week),
    } | given
    return _save(CoachingItem(**values))


def make_fix(owner, team, rep, week: date, idea: str | None, **given) -> Fix:
    """A fix of that week made from an idea; `outcome`, `proof` and the rest belong to its item."""
    sent_at = given.pop("sent_at", _morning(week))
    loop = given.pop("loop", None) or make_loop(owner, team, week)
    item = make_item(owner, loop, rep, **given)
    return _save(Fix(item_id=item.id, words="Run it today.", sent_at=sent_at, idea=idea))


def make_weeks(owner, rep, team, first: date, *weeks: tuple[int, int]) -> None:
    """(on time, due) of each week from the first; a week without anything due has no row."""
    for number, (on_time, due) in enumerate(weeks):
        if due:
            row = CoverageWeek(
                programme_id=owner.id,
                week=first + number * WEEK,
                person_id=rep.id,
                team_id=team.id,
                on_time=on_time,
                due=due,
                pending=0,
            )
            _save(row)
