"""What the product's figures say of a world, held against the oracle row by row."""

from datetime import UTC, date, datetime

import pytest

from coaching.cli import FIGURES
from core.figures import FigureRequest
from tests.coaching.worlds import DAY, FIRST, TEAMS

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def ask(owner, name, as_of=NOW, *, rows=False, **params):
    figure = next(figure for figure in FIGURES if figure.name == name)
    asked = {param.name: params.get(param.name) for param in figure.params}
    request = FigureRequest(programme_id=owner.id, params=asked, as_of=as_of, as_of_given=True)
    return list(figure.rows(request)) if rows else dict(figure.compute(request))


MOMENT = ("signal_id", "deal_id", "person_id", "team", "fired_day", "due", "action_day")
OCCASION = (*MOMENT, "signals", "closed_day", "dismissed_day", "status")
PICK = ("person_id", "signal_id", "deal_id", "status", "delay_days", "cost")


def plain(rows, *names):
    """Oracle rows as the figure gives them: dates as text, money as it can be compared."""
    return [{name: _plain(name, row[name]) for name in names} for row in rows]


def _plain(name, value):
    if name == "cost" and value is not None:
        return pytest.approx(value, rel=1e-9, abs=1e-9)
    if name == "amount" and value is not None:
        return float(value)
    return value.isoformat() if isinstance(value, date) else value


def by_signal(rows):
    return sorted(rows, key=lambda row: row["signal_id"])


def questions(random):
    """Report dates and instants to ask a world at, the last one far after everything."""
    for _ in range(2):
        through = FIRST + random.randrange(5, 75) * DAY
        moment = datetime(through.year, through.month, through.day, 12, tzinfo=UTC)
        yield through, moment + random.randrange(-6, 30) * DAY
    yield FIRST + 120 * DAY, NOW


def compare(owner, oracle, random):
    through, as_of = oracle.through, oracle.as_of
    start = FIRST + random.randrange(40) * DAY
    window = {"start": start, "end": start + random.randrange(1, 60) * DAY}
    for team in (None, random.choice((*TEAMS, "unassigned"))):
        told = ask(
            owner, "due_behaviour_coverage", as_of=as_of, through=through, team=team, **window
        )
        assert told == oracle.coverage(*window.values(), team), (owner.slug, through, as_of, team)
    asked = {"as_of": as_of, "through": through, "rows": True, **window}
    found = by_signal(ask(owner, "due_behaviour_coverage", **asked))
    fired = [one for one in oracle.occasions if start <= one["fired_day"] < window["end"]]
    assert found == plain(by_signal(fired), *OCCASION), (owner.slug, through, as_of)
    week_end = random.choice((None, start))
    rows = ask(owner, "missed_moments", as_of=as_of, through=through, week_end=week_end)["rows"]
    told = (*MOMENT, "status", "delay_days", "amount", "cost")
    assert by_signal(rows) == plain(by_signal(oracle.missed(week_end)), *told), owner.slug
    picks = by_signal(ask(owner, "coaching_pick", as_of=as_of, week_end=through)["picks"])
    assert picks == plain(by_signal(oracle.picks()), *PICK), (owner.slug, through, as_of)
