"""Sustained adoption by rep, team, week and own day 60 (METRICS A), and streaks (C11)."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime

import people.queries
import programme.queries
from adoption.queries.days import world
from adoption.queries.figures.scope import (
    UNASSIGNED,
    Row,
    on_team,
    refuse_unknown_team,
    rows_of,
    share_keys,
    team_names_on,
)
from adoption.rules import (
    AdoptionState,
    Day60,
    RepDays,
    TeamAdoption,
    WeekMark,
    day60_of,
    share_of,
    state_at,
    team_table,
)
from core.calendars import DAY, WEEK_DAYS
from core.errors import NotFound
from core.stats import per
from programme.models import Programme


def states(
    owner: Programme, through: date, as_of: datetime, team: str | None = None
) -> dict[int, AdoptionState]:
    """METRICS A4 with P8: in-scope reps, or those on the team on `through`."""
    refuse_unknown_team(team)
    found = world(owner, through, as_of=as_of)
    wanted = on_team(found.reps, through, team, as_of)
    return {
        ident: state_at(rep, found.span, through, found.rule)
        for ident, rep in found.reps.items()
        if ident in wanted
    }


def adoption(
    owner: Programme, through: date, as_of: datetime, team: str | None = None
) -> dict[str, object]:
    """The figure `adoption` (METRICS A4)."""
    found = states(owner, through, as_of, team)
    counts = Counter(found.values())
    return {
        **share_keys(share_of(found.values())),
        "states": {state.value: counts[state] for state in AdoptionState},
    }


def adoption_rows(
    owner: Programme, through: date, as_of: datetime, team: str | None = None
) -> list[Row]:
    """Every in-scope rep with their state."""
    found = states(owner, through, as_of, team)
    return rows_of(
        ((ident, through, {"state": state.value}) for ident, state in found.items()), as_of
    )


def team_rows(owner: Programme, through: date, as_of: datetime) -> list[TeamAdoption]:
    """METRICS A6: every team with a rep who has not left, best shrunk rate first."""
    found = states(owner, through, as_of)
    names = team_names_on(through, as_of)
    by_team: dict[str, list[AdoptionState]] = defaultdict(list)
    for ident, state in found.items():
        if state is not AdoptionState.LEFT:
            by_team[names.get(ident, UNASSIGNED)].append(state)
    shares = {team: share_of(team_states) for team, team_states in by_team.items()}
    return team_table(shares, strength=owner.shrink_k, min_team=owner.min_team)


def adoption_by_team(owner: Programme, through: date, as_of: datetime) -> dict[str, object]:
    """The figure `adoption_by_team`."""
    return {
        "teams": [
            {"team": row.team, **share_keys(row.share), "shrunk": row.shrunk}
            for row in team_rows(owner, through, as_of)
        ]
    }


def adoption_by_team_rows(owner: Programme, through: date, as_of: datetime) -> list[Row]:
    """Every rep the table counts, with their team and state."""
    left = AdoptionState.LEFT.value
    return [row for row in adoption_rows(owner, through, as_of) if row["state"] != left]


def _eligible(
    owner: Programme, week: date, as_of: datetime, team: str | None
) -> Iterator[tuple[int, date, WeekMark]]:
    """The eligible rep-weeks of the week that holds a date: rep, last available day, mark.

    A rep-week belongs to the team of the rep's last available day in it (METRICS P8).
    """
    refuse_unknown_team(team)
    first = programme.queries.calendar(owner).week_of(week)
    found = world(owner, first + (WEEK_DAYS - 1) * DAY, as_of=as_of)
    index = found.span.week_index(first)
    names: dict[date, dict[int, str]] = {}
    for ident, rep in found.reps.items():
        mark = rep.week(index, found.rule)
        last = rep.last_available(index, found.span)
        if not mark.eligible or last is None:
            continue
        if team is not None and last not in names:
            names[last] = team_names_on(last, as_of)
        if team is None or names[last].get(ident, UNASSIGNED) == team:
            yield ident, last, mark


def weekly_adoption(
    owner: Programme, week: date, as_of: datetime, team: str | None = None
) -> dict[str, object]:
    """The figure `weekly_adoption` (METRICS A2): the week that holds `week`."""
    marks = [mark for _ident, _last, mark in _eligible(owner, week, as_of, team)]
    met = sum(mark.met for mark in marks)
    return {"eligible": len(marks), "met": met, "rate": per(met, len(marks))}


def weekly_adoption_rows(
    owner: Programme, week: date, as_of: datetime, team: str | None = None
) -> list[Row]:
    """Every eligible rep-week with its days and whether it was met."""
    return rows_of(
        (
            (
                ident,
                last,
                {
                    "available_days": mark.available_days,
                    "active_days": mark.active_days,
                    "met": mark.met,
                },
            )
            for ident, last, mark in _eligible(owner, week, as_of, team)
        ),
        as_of,
    )


def _days60(
    owner: Programme, through: date, as_of: datetime, team: str | None
) -> dict[int, tuple[RepDays, Day60]]:
    """Where every in-scope rep (on the team on `through`) stands at their own day 60."""
    refuse_unknown_team(team)
    found = world(owner, through, as_of=as_of, whole=True)
    wanted = on_team(found.reps, through, team, as_of)
    return {
        ident: (rep, day60_of(rep, found.span, through, found.rule))
        for ident, rep in found.reps.items()
        if ident in wanted
    }


def day60(
    owner: Programme, through: date, as_of: datetime, team: str | None = None
) -> dict[str, object]:
    """The figure `day60` (METRICS A5)."""
    answers = _days60(owner, through, as_of, team).values()
    counts = Counter(answer.value for _rep, answer in answers)
    measurable = counts["sustained"] + counts["not_sustained"]
    return {
        "measurable": measurable,
        "sustained": counts["sustained"],
        "rate": per(counts["sustained"], measurable),
        "counts": dict(sorted(counts.items())),
    }


def day60_rows(
    owner: Programme, through: date, as_of: datetime, team: str | None = None
) -> list[Row]:
    """Every in-scope rep with the day they began and where they stood at their day 60."""
    found = _days60(owner, through, as_of, team)
    return rows_of(
        (
            (ident, through, {"start_day": rep.start_day, "state": answer.value})
            for ident, (rep, answer) in found.items()
        ),
        as_of,
    )


def person_named(key: str) -> int:
    """The id of the person with this person_id. Raises NotFound."""
    ident = people.queries.by_key([key]).get(key)
    if ident is None:
        raise nobody(key)
    return ident


def nobody(key: str) -> NotFound:
    """What is said of a person nobody knows, and of one the reader may not see."""
    return NotFound(f"There is no person {key}.", field="person_id")


def streak_of(
    owner: Programme, person_id: str, through: date, as_of: datetime
) -> dict[str, object]:
    """The figure `streak` (METRICS C11) of the person with this person_id."""
    ident = person_named(person_id)
    found = world(owner, through, as_of=as_of, person_ids=[ident])
    rep = found.reps.get(ident)
    if rep is None:
        return {"weeks": 0}
    last = found.span.last_complete(through)
    return {"weeks": rep.marks(last + 1, found.rule).streak(last)}


def streak_rows(owner: Programme, person_id: str, through: date, as_of: datetime) -> list[Row]:
    """The weeks a streak runs over, latest first: met ones, and exempt ones it steps over."""
    ident = person_named(person_id)
    found = world(owner, through, as_of=as_of, person_ids=[ident])
    rows = []
    for rep in found.reps.values():
        for index in range(found.span.last_complete(through), -1, -1):
            mark = rep.week(index, found.rule)
            if mark.eligible and not mark.met:
                break
            first = found.span.day(index * WEEK_DAYS)
            facts = {"week": first, "active_days": mark.active_days, "met": mark.met}
            rows.append((ident, rep.last_available(index, found.span) or first, facts))
    return rows_of(rows, as_of)
