"""Experiments with what they showed (METRICS section 7): who was in which arm, before and since."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import adoption.queries
import people.queries
import programme.queries
from adoption.queries.figures.scope import Row, rows_of
from adoption.rules import RepDays, Span
from core.calendars import DAY, WEEK_DAYS
from core.errors import NotFound
from core.stats import Change, hash_arm, is_held_out
from programme.models import Programme
from programme.queries import ExperimentRow
from reports.rules import DAYS_BEFORE, Lift, Trial, days_a_week, lift_of_reps, lift_of_teams
from reports.rules.lift import BY_REP, BY_TEAM, not_started

NAMES = {"rep": ("treated", "holdout"), "team": ("early", "late")}


@dataclass(frozen=True)
class Member:
    """One rep of an experiment, judged in the arm that was drawn whatever happened since.

    `change` is their active days a week in the 28 days before the start and since.
    """

    person_id: int
    team_id: int | None
    arm: str
    change: Change


@dataclass(frozen=True)
class Tried:
    """An experiment and everybody in it."""

    trial: Trial
    members: tuple[Member, ...]


def owner_of(programme_id: int) -> Programme:
    """The programme a figure is asked about."""
    return programme.queries.by_id(programme_id)


def today_of(owner: Programme, as_of: datetime) -> date:
    """The programme's local date of an instant: the first day not yet over."""
    return programme.queries.calendar(owner).local_day(as_of)


def tried(owner: Programme, slug: str, as_of: datetime) -> Tried:
    """One experiment as known at `as_of`. Raises NotFound, naming those there are."""
    known = programme.queries.experiments(owner.id)
    chosen = [row for row in known if row.slug == slug]
    if not chosen:
        names = ", ".join(sorted(row.slug for row in known))
        raise NotFound(
            f"There is no experiment {slug}.",
            field="experiment",
            fix=f"Experiments: {names}." if names else "None was drawn in this programme yet.",
        )
    return _tried(owner, chosen, as_of)[0]


def tried_all(owner: Programme, as_of: datetime) -> list[Tried]:
    """Every experiment of the programme, the latest started first."""
    known = programme.queries.experiments(owner.id)
    return _tried(owner, known[::-1], as_of) if known else []


def _tried(owner: Programme, rows: Sequence[ExperimentRow], as_of: datetime) -> list[Tried]:
    today = today_of(owner, as_of)
    ends = [_end(row, today) for row in rows]
    starts = [row.starts_on for row in rows]
    found = adoption.queries.world(
        owner,
        max(*(end - DAY for end in ends), *starts),
        as_of=as_of,
        since=min(starts) - DAYS_BEFORE * DAY,
    )
    keys = people.queries.keys_of(found.reps)
    return [
        _judged(owner, row, end, _members(row, end, found, keys, as_of))
        for row, end in zip(rows, ends, strict=True)
    ]


def _end(row: ExperimentRow, today: date) -> date:
    """The day after the last whole day in which the arms differed; never before the start."""
    end = today if row.ends_on is None else min(row.ends_on + DAY, today)
    return max(end, row.starts_on)


def _members(
    row: ExperimentRow,
    end: date,
    found: adoption.queries.World,
    keys: Mapping[int, str],
    as_of: datetime,
) -> tuple[Member, ...]:
    """Everybody drawn, with the arm of their own or of their team.

    Who has left since stays in: leaving is decided after the draw, and may be its effect.
    """
    teams = people.queries.team_on(row.starts_on, as_of)
    members = []
    for ident, rep in found.reps.items():
        arm = _arm(row, keys[ident], teams.get(ident))
        start = _own_start(row, rep, end, found.span)
        if arm is not None and start is not None:
            before = found.span.window(start - DAYS_BEFORE * DAY, start)
            since = found.span.window(start, end)
            change = Change(days_a_week(rep.used, before), days_a_week(rep.used, since))
            members.append(Member(ident, teams.get(ident), arm, change))
    return tuple(members)


def _own_start(row: ExperimentRow, rep: RepDays, end: date, span: Span) -> date | None:
    """The first day a rep is judged on; None for who is not part of it.

    That is the experiment's own for who was employed and enabled then. A hash also draws those
    who are enabled later (a further wave): they are judged from their start day, once a week of
    it has gone by. Teams are drawn with those they had.
    """
    if span.has(rep.current, row.starts_on):
        return row.starts_on
    late = rep.start_day
    if row.unit == "team" or late is None or not row.starts_on < late <= end - WEEK_DAYS * DAY:
        return None
    return late if span.has(rep.current, late) else None


def _arm(row: ExperimentRow, key: str, team_id: int | None) -> str | None:
    """What a rep drew: by hash of the key (METRICS X15), or with the team; None without."""
    if row.unit == "team":
        return None if team_id is None else row.arms.get(team_id)
    given, held = NAMES["rep"]
    return held if is_held_out(row.slug, key, row.holdout_percent or 0) else given


def _judged(owner: Programme, row: ExperimentRow, end: date, members: tuple[Member, ...]) -> Tried:
    lift = _lift(owner, row, end, members)
    return Tried(Trial(row.slug, row.unit, row.starts_on, end, lift), members)


def _lift(owner: Programme, row: ExperimentRow, end: date, members: Sequence[Member]) -> Lift:
    names = NAMES[row.unit]
    sides: tuple[Sequence[object], ...]
    if row.unit == "team":
        early, late = (_by_team(members, arm) for arm in names)
        sides, method = (early, late), BY_TEAM
    else:
        given, held = ([one.change for one in members if one.arm == arm] for arm in names)
        sides, method = (given, held), BY_REP
    if end <= row.starts_on:
        return not_started((names[0], names[1]), (len(sides[0]), len(sides[1])), method)
    if row.unit == "team":
        return lift_of_teams(early, late, (names[0], names[1]), hash_arm(row.slug, owner.slug))
    return lift_of_reps(given, held, (names[0], names[1]), owner.min_group)


def _by_team(members: Sequence[Member], arm: str) -> list[list[Change]]:
    """The changes of an arm's reps, team by team."""
    found: dict[int | None, list[Change]] = defaultdict(list)
    for one in members:
        if one.arm == arm:
            found[one.team_id].append(one.change)
    return [found[team] for team in sorted(found, key=lambda team: team or 0)]


def lift_rows(one: Tried, as_of: datetime) -> list[Row]:
    """Everybody of an experiment: the arm, and active days a week before and since."""
    return rows_of(
        (
            (
                member.person_id,
                one.trial.start,
                {
                    "arm": member.arm,
                    "before": member.change.before,
                    "since": member.change.after,
                },
            )
            for member in one.members
        ),
        as_of,
    )
