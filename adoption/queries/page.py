"""What the adoption page and the panels read: week tables only, never an event."""

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import and_, func, select

import people.queries
import programme.queries
from adoption.models import AdoptionStatus, AdoptionWeek, RepWeek
from adoption.queries.days import rule_of
from adoption.queries.events import CHUNK
from adoption.queries.figures import UNASSIGNED
from adoption.queries.weeks import (
    judged_weeks,
    marks_of_weeks,
    states_of_week,
    status_of_person,
    weeks_of_person,
)
from adoption.rules import (
    AdoptionRule,
    AdoptionState,
    Standing,
    TeamAdoption,
    available_days,
    share_of,
    standing_of,
    sustained_in,
    team_table,
)
from core.calendars import DAY, WEEK_DAYS
from core.db import db
from core.stats import Share
from programme.models import Programme

__all__ = [
    "NearlyThere",
    "OwnWeeks",
    "Programme",
    "Reach",
    "WeekUse",
    "current_programme",
    "nearly_there",
    "own_day60",
    "own_weeks",
    "reach",
    "team_rates",
    "week_uses",
    "weeks",
]

SHOWN_WEEKS = 8
WEEK = WEEK_DAYS * DAY


@dataclass(frozen=True)
class WeekUse:
    """Who was active in a week: first ever, also the week before, or again; and who stopped."""

    week: date
    new: int
    kept: int
    back: int
    lapsed: int


@dataclass(frozen=True)
class NearlyThere:
    """Somebody whom one more met week makes sustained."""

    person_id: int
    key: str
    name: str
    team: str


@dataclass(frozen=True)
class Reach:
    """Of the reps who have not left: how many ever used it, and how many did last week."""

    here: int
    ever_used: int
    active: int
    sustained: int


@dataclass(frozen=True)
class OwnWeeks:
    """A rep's own weeks: the complete ones shown, the running one, and the streak into it."""

    weeks: tuple[RepWeek, ...]
    standing: Standing
    state: AdoptionState | None


def current_programme() -> Programme | None:
    """The programme pages speak of."""
    return programme.queries.default()


def weeks(owner: Programme) -> list[AdoptionWeek]:
    """The judged weeks with their counts, oldest first, from the launch on."""
    first = programme.queries.calendar(owner).week_of(owner.launch_on)
    return [row for row in judged_weeks(owner.id) if row.week_start >= first]


def week_uses(owner: Programme, last: date) -> list[WeekUse]:
    """The latest weeks up to `last` by who was active (METRICS U4 by week)."""
    first = last - SHOWN_WEEKS * WEEK
    active: dict[date, set[int]] = defaultdict(set)
    rows = db.session.execute(
        select(RepWeek.person_id, RepWeek.week_start).where(
            RepWeek.programme_id == owner.id,
            RepWeek.week_start >= first,
            RepWeek.week_start <= last,
            RepWeek.active_days > 0,
        )
    )
    for person_id, week in rows:
        active[week].add(person_id)
    firsts = db.session.execute(
        select(RepWeek.person_id, func.min(RepWeek.week_start))
        .where(RepWeek.programme_id == owner.id, RepWeek.active_days > 0)
        .group_by(RepWeek.person_id)
    )
    begun: dict[int, date] = {person_id: week for person_id, week in firsts}  # noqa: C416 - rows are no pairs to the type checker
    found = []
    for number in range(1, SHOWN_WEEKS + 1):
        week = first + number * WEEK
        now, before = active[week], active[week - WEEK]
        new = sum(1 for person_id in now if begun[person_id] == week)
        kept = len(now & before)
        found.append(WeekUse(week, new, kept, len(now) - new - kept, len(before - now)))
    return [use for use in found if use.new + use.kept + use.back + use.lapsed]


def reach(owner: Programme, week: AdoptionWeek) -> Reach:
    """The steps from having the tool to having the habit, at the end of a judged week."""
    ever = db.session.scalar(
        select(func.count())
        .select_from(AdoptionStatus)
        .where(
            AdoptionStatus.programme_id == owner.id,
            AdoptionStatus.week_start == week.week_start,
            AdoptionStatus.state != AdoptionState.LEFT.value,
            AdoptionStatus.ever_used,
        )
    )
    here = week.not_measurable + week.sustained + week.lapsed + week.trying + week.not_started
    current = db.session.scalar(
        select(func.count())
        .select_from(RepWeek)
        .join(
            AdoptionStatus,
            and_(
                AdoptionStatus.programme_id == RepWeek.programme_id,
                AdoptionStatus.week_start == RepWeek.week_start,
                AdoptionStatus.person_id == RepWeek.person_id,
            ),
        )
        .where(
            RepWeek.programme_id == owner.id,
            RepWeek.week_start == week.week_start,
            RepWeek.active_days > 0,
            AdoptionStatus.state != AdoptionState.LEFT.value,
        )
    )
    return Reach(here, ever or 0, current or 0, week.sustained)


def team_rates(owner: Programme, week: date, among: Collection[int] | None) -> list[TeamAdoption]:
    """METRICS A6 at the end of a judged week; only teams with somebody of `among` (None: all)."""
    team_of = people.queries.team_on(week + WEEK - DAY)
    names = people.queries.team_names()
    by_team: dict[str, list[AdoptionState]] = defaultdict(list)
    wanted: set[str] = set()
    for person_id, state in states_of_week(owner.id, week).items():
        team = names.get(team_of.get(person_id, 0), UNASSIGNED)
        if state is not AdoptionState.LEFT:
            by_team[team].append(state)
            if among is None or person_id in among:
                wanted.add(team)
    shares = {team: share_of(states) for team, states in by_team.items()}
    table = team_table(shares, strength=owner.shrink_k, min_team=owner.min_team)
    return [row for row in table if row.team in wanted]


def nearly_there(
    owner: Programme, week: date, among: Collection[int] | None
) -> tuple[int, list[NearlyThere]]:
    """How many reps one more met week makes sustained, and those of them in `among`, by name."""
    rule = rule_of(owner)
    states = states_of_week(owner.id, week)
    recent = [week - number * WEEK for number in range(rule.lookback)]
    marks = marks_of_weeks(owner.id, recent)
    found = [
        person_id
        for person_id, state in states.items()
        if state not in {AdoptionState.LEFT, AdoptionState.SUSTAINED}
        and _one_week_away(marks.get(person_id, (0, 0)), rule)
    ]
    shown = [ident for ident in found if among is None or ident in among]
    cards = people.queries.cards(shown)
    team_of = people.queries.team_on(week + WEEK - DAY)
    names = people.queries.team_names()
    people_shown = [
        NearlyThere(
            ident, cards[ident].key, cards[ident].name, names.get(team_of.get(ident, 0), UNASSIGNED)
        )
        for ident in shown
    ]
    return len(found), sorted(people_shown, key=lambda one: (one.team, one.name))


def _one_week_away(pair: tuple[int, int], rule: AdoptionRule) -> bool:
    """Whether meeting the next week makes sustained what is not."""
    newest = 1 << rule.lookback - 1
    return sustained_in(pair[0] >> 1 | newest, pair[1] >> 1 | newest, rule) is True


def own_day60(owner: Programme, through: date) -> Share:
    """METRICS A5 up to `through`, from the judged states: sustained of measurable.

    A rep's day 60 is judged by the weeks complete on it, so its answer is the state at the end of
    the latest of them.
    """
    calendar = programme.queries.calendar(owner)
    members = programme.queries.members(owner.id)
    calendars = people.queries.calendars(members)
    by_week: dict[date, list[int]] = defaultdict(list)
    for person_id, person in calendars.items():
        if person.start_day is None:
            continue
        day = person.start_day + owner.horizon_days * DAY
        if day <= through and person.is_current(day):
            by_week[calendar.last_complete_week(day)].append(person_id)
    counts: Counter[str] = Counter()
    for week, person_ids in by_week.items():
        for start in range(0, len(person_ids), CHUNK):
            counts.update(
                db.session.scalars(
                    select(AdoptionStatus.state).where(
                        AdoptionStatus.programme_id == owner.id,
                        AdoptionStatus.week_start == week,
                        AdoptionStatus.person_id.in_(person_ids[start : start + CHUNK]),
                    )
                )
            )
    outside = counts[AdoptionState.LEFT] + counts[AdoptionState.NOT_MEASURABLE]
    return Share(counts[AdoptionState.SUSTAINED], counts.total() - outside)


def own_weeks(owner: Programme, person_id: int, now: datetime) -> OwnWeeks | None:
    """A rep's latest weeks and where the running one stands; None when nothing was measured."""
    calendar = programme.queries.calendar(owner)
    today = calendar.local_day(now)
    this_week = calendar.week_of(today)
    rows = weeks_of_person(owner.id, person_id, this_week - (SHOWN_WEEKS - 1) * WEEK)
    status = status_of_person(owner.id, person_id)
    if status is None and not rows:
        return None
    running = next((row for row in rows if row.week_start == this_week), None)
    calendars = people.queries.calendars([person_id])
    left = available_days(calendars[person_id], calendar, today, this_week + WEEK)
    whole = available_days(calendars[person_id], calendar, this_week, this_week + WEEK)
    standing = standing_of(
        rule_of(owner),
        streak=0 if status is None else status.streak,
        day_mask=0 if running is None else running.day_mask,
        today_bit=(today - this_week).days,
        available=len(whole),
        available_left=len(left),
    )
    state = None if status is None else AdoptionState(status.state)
    complete = tuple(row for row in rows if row.week_start <= this_week)
    return OwnWeeks(complete, standing, state)
