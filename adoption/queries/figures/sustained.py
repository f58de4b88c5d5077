"""Sustained adoption by rep, team, week and own day 60 (METRICS A), and streaks (C11)."""

from collections import Counter, defaultdict
from datetime import date, datetime

import people.queries
import programme.queries
from adoption.queries.days import world
from adoption.queries.figures.scope import (
    UNASSIGNED,
    on_team,
    refuse_unknown_team,
    share_keys,
    team_names_on,
)
from adoption.rules import AdoptionState, TeamAdoption, day60_of, share_of, state_at, team_table
from core.calendars import DAY
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


def weekly_adoption(
    owner: Programme, day: date, as_of: datetime, team: str | None = None
) -> dict[str, object]:
    """The figure `weekly_adoption` (METRICS A2): the week that holds `day`.

    A rep-week belongs to the team of the rep's last available day in it (P8).
    """
    refuse_unknown_team(team)
    week = programme.queries.calendar(owner).week_of(day)
    found = world(owner, week + 6 * DAY, as_of=as_of)
    index = found.span.week_index(week)
    eligible = met = 0
    names: dict[date, dict[int, str]] = {}
    for ident, rep in found.reps.items():
        mark = rep.week(index, found.rule)
        if not mark.eligible:
            continue
        if team is not None:
            last = rep.last_available(index, found.span)
            if last is None:
                continue
            if last not in names:
                names[last] = team_names_on(last, as_of)
            if names[last].get(ident, UNASSIGNED) != team:
                continue
        eligible += 1
        met += mark.met
    return {"eligible": eligible, "met": met, "rate": per(met, eligible)}


def day60(
    owner: Programme, through: date, as_of: datetime, team: str | None = None
) -> dict[str, object]:
    """The figure `day60` (METRICS A5)."""
    refuse_unknown_team(team)
    found = world(owner, through, as_of=as_of, whole=True)
    wanted = on_team(found.reps, through, team, as_of)
    counts = Counter(
        day60_of(rep, found.span, through, found.rule).value
        for ident, rep in found.reps.items()
        if ident in wanted
    )
    measurable = counts["sustained"] + counts["not_sustained"]
    return {
        "measurable": measurable,
        "sustained": counts["sustained"],
        "rate": per(counts["sustained"], measurable),
        "counts": dict(sorted(counts.items())),
    }


def streak_of(owner: Programme, key: str, through: date, as_of: datetime) -> dict[str, object]:
    """The figure `streak` (METRICS C11) of the person with this person_id."""
    ident = people.queries.by_key([key]).get(key)
    if ident is None:
        raise NotFound(f"There is no person {key}.", field="person_id")
    found = world(owner, through, as_of=as_of, person_ids=[ident])
    rep = found.reps.get(ident)
    if rep is None:
        return {"weeks": 0}
    last = found.span.last_complete(through)
    return {"weeks": rep.marks(last + 1, found.rule).streak(last)}
