"""The adoption page's picture worked out from the judged weeks: every row, and nothing stored.

The night writes what this says; `flask audit verify` works it out again and compares.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import people.queries
import programme.queries
from adoption.models import (
    ActiveDaysBucket,
    AdoptionGroup,
    CohortPoint,
    LifecycleWeek,
    OwnDayShare,
    SeriesPoint,
)
from adoption.queries import picture as picture_queries
from adoption.queries import weeks as week_queries
from adoption.queries.days import rule_of, world_from_days
from adoption.queries.figures import UNASSIGNED, growth
from adoption.queries.picture import Sketch
from adoption.rules import AdoptionRule, AdoptionState, Phase, rep_days, span_of, state_at
from adoption.rules.behind import start_cohort
from adoption.rules.forecast import LETTERS, day60_by, outlook, own_days, way
from adoption.rules.picture import (
    RepWeeks,
    counted_weeks,
    is_one_week_away,
    lifecycle_by_week,
    rep_weeks,
    returns,
)
from core.calendars import DAY, WEEK_DAYS
from core.db import Base
from people.rules import PersonCalendar
from programme.models import Programme

WEEK = WEEK_DAYS * DAY
FOUR_WEEKS = 4
Values = dict[str, object]


@dataclass(frozen=True)
class Frame:
    """The weeks a picture spans: `count` of them from `origin`, the last one judged."""

    owner: Programme
    rule: AdoptionRule
    origin: date
    count: int

    @property
    def last(self) -> date:
        """The latest judged week."""
        return self.origin + (self.count - 1) * WEEK

    @property
    def through(self) -> date:
        """Its last date."""
        return self.last + WEEK - DAY

    def index(self, week: date) -> int:
        """The place of a week."""
        return (week - self.origin).days // WEEK_DAYS


@dataclass(frozen=True)
class RepLine:
    """One rep in the picture, ready to be counted and written."""

    person_id: int
    weeks: RepWeeks
    path: str
    state: AdoptionState
    streak: int
    counted: int
    met: int
    is_near: bool
    has_opened: bool
    active_days: int
    start_day: date
    team_id: int | None


@dataclass(frozen=True)
class Counts:
    """What is counted of all reps: the mark's own columns, and the rows of each small table.

    Rows lack the programme, which is the same in all of them.
    """

    mark: Values
    rows: dict[type[Base], list[Values]]


def sketches_anew(
    owner: Programme, last: date, person_ids: Collection[int] | None = None
) -> tuple[Frame, dict[int, Sketch]]:
    """Sketches of everybody, or of those named, up to the week `last`, from their days."""
    found = world_from_days(owner, last, person_ids)
    frame = Frame(owner, rule_of(owner), found.span.origin, found.span.week_index(last) + 1)
    fresh = {ident: rep_weeks(rep, frame.count) for ident, rep in found.reps.items()}
    return frame, {
        ident: Sketch(weeks.active, weeks.first_day, weeks.there, "", has_opened=False)
        for ident, weeks in fresh.items()
    }


def lines_of(frame: Frame, sketches: Mapping[int, Sketch]) -> list[RepLine]:
    """Everybody who has begun by the last week's end, as they stand then."""
    owner, rule = frame.owner, frame.rule
    calendars = {
        ident: person
        for ident, person in people.queries.calendars(sketches).items()
        if person.start_day is not None and person.start_day <= frame.through
    }
    paths = _paths(frame, calendars, sketches)
    unopened = [ident for ident in calendars if not sketches[ident].has_opened]
    opened = picture_queries.who_opened(owner.id, unopened, frame.through)
    recent = [frame.last - number * WEEK for number in range(rule.lookback)]
    marks = week_queries.marks_of_weeks(owner.id, recent)
    standings = picture_queries.standings(owner.id, frame.last)
    days = picture_queries.active_days_between(
        owner.id, frame.last - (FOUR_WEEKS - 1) * WEEK, frame.last
    )
    teams = people.queries.team_on(frame.through)
    found: list[RepLine] = []
    for ident in sorted(calendars):
        sketch, start = sketches[ident], calendars[ident].start_day
        assert start is not None  # noqa: S101 - chosen above
        state, streak = standings.get(ident, (AdoptionState.LEFT, 0))
        pair = marks.get(ident, (0, 0))
        counted, met = counted_weeks(*pair, rule)
        is_done = state in {AdoptionState.LEFT, AdoptionState.SUSTAINED}
        found.append(
            RepLine(
                ident,
                RepWeeks(sketch.active, sketch.first_day, sketch.there),
                paths[ident],
                state,
                streak,
                counted,
                met,
                not is_done and is_one_week_away(*pair, rule),
                sketch.has_opened or ident in opened,
                0 if state is AdoptionState.LEFT else days.get(ident, 0),
                start,
                teams.get(ident),
            )
        )
    return found


def _paths(
    frame: Frame, calendars: Mapping[int, PersonCalendar], sketches: Mapping[int, Sketch]
) -> dict[int, str]:
    """Each rep's path, the kept part continued: one letter for each own day reached."""
    calendar = programme.queries.calendar(frame.owner)
    days = own_days(frame.rule)
    letters = {ident: list(sketches[ident].path) for ident in calendars}
    open_places: dict[date, list[tuple[int, int]]] = defaultdict(list)
    for ident, person in calendars.items():
        assert person.start_day is not None  # noqa: S101 - so were they chosen
        for place in range(len(letters[ident]), len(days)):
            day = person.start_day + days[place] * DAY
            if day > frame.through:
                break
            letters[ident].append("x")
            if person.is_current(day):
                open_places[calendar.last_complete_week(day)].append((ident, place))
    for week, asked in open_places.items():
        states = picture_queries.states_of(frame.owner.id, week, [ident for ident, _ in asked])
        for ident, place in asked:
            state = states.get(ident)
            if state is None:
                state = _long_ago(frame, calendars[ident], days[place])
            letters[ident][place] = LETTERS[state]
    return {ident: "".join(found) for ident, found in letters.items()}


def _long_ago(frame: Frame, person: PersonCalendar, own_day: int) -> AdoptionState:
    """The state on an own day before the first judged week: nobody can have used anything yet."""
    assert person.start_day is not None  # noqa: S101 - so were they chosen
    day = person.start_day + own_day * DAY
    calendar = programme.queries.calendar(frame.owner)
    span = span_of(calendar, person.start_day, day)
    return state_at(rep_days(person, 0, span), span, day, frame.rule)


def rep_values(frame: Frame, line: RepLine) -> Values:
    """The row of rep_picture, without the programme."""
    return {
        "person_id": line.person_id,
        "team_id": line.team_id,
        "state": line.state.value,
        "is_near": line.is_near,
        "has_opened": line.has_opened,
        "is_active": bool(line.weeks.active >> frame.count - 1 & 1),
        "weeks_counted": line.counted,
        "weeks_met": line.met,
        "streak": line.streak,
        "active_days": line.active_days,
        "start_day": line.start_day,
        "day60": day60_by(line.path, frame.rule).value,
        "path": line.path or None,
        "active_weeks": f"{line.weeks.active:x}",
        "first_day_weeks": f"{line.weeks.first_day:x}",
        "there_weeks": f"{line.weeks.there:x}",
    }


def counts_of(frame: Frame, lines: Collection[RepLine]) -> Counts:
    """Count the page's small tables from the reps."""
    here = [line for line in lines if line.state is not AdoptionState.LEFT]
    buckets = Counter(line.active_days for line in here)
    return Counts(
        {**_marks(frame, lines, here), **_logins(frame)},
        {
            OwnDayShare: _own_days(frame, lines),
            LifecycleWeek: _lifecycle(frame, lines),
            CohortPoint: [*_first_uses(frame, lines), *_starts(frame, lines)],
            AdoptionGroup: [*_teams(here), *_channels(here)],
            ActiveDaysBucket: [
                {"active_days": days, "reps": count} for days, count in sorted(buckets.items())
            ],
            SeriesPoint: _series(frame),
        },
    )


def _marks(frame: Frame, lines: Iterable[RepLine], here: Collection[RepLine]) -> Values:
    """The counts there are only once."""
    length = len(own_days(frame.rule))
    ahead = outlook(
        frame.rule,
        [
            line.path
            for line in lines
            if line.state is not AdoptionState.LEFT or len(line.path) == length
        ],
    )
    return {
        "rule_version": frame.owner.rule_version,
        "origin": frame.origin,
        "drawn_week": frame.last,
        "opened": sum(line.has_opened for line in here),
        "ever_used": sum(bool(line.weeks.active) for line in here),
        "active": sum(line.weeks.active >> frame.count - 1 & 1 for line in here),
        "near": sum(line.is_near for line in here),
        "finished": ahead.finished,
        "finished_sustained": ahead.sustained,
        "under_way": ahead.under_way,
        "outlook_low": ahead.low,
        "outlook_middle": ahead.middle,
        "outlook_high": ahead.high,
    }


def _logins(frame: Frame) -> Values:
    """METRICS G2: the first 28 dates from the launch against the last 28, both complete."""
    length = FOUR_WEEKS * WEEK
    first, end = frame.owner.launch_on, frame.through + DAY
    base, now = (0, 0), (0, 0)
    if first + length <= end - length:
        base, now = (
            growth.login_totals(frame.owner, (start, start + length))
            for start in (first, end - length)
        )
    return {
        "logins_base": base[0],
        "logins_now": now[0],
        "rep_days_base": base[1],
        "rep_days_now": now[1],
    }


def _own_days(frame: Frame, lines: Iterable[RepLine]) -> list[Values]:
    return [
        {"own_day": found.day, "sustained": found.sustained, "measurable": found.measurable}
        for found in way(frame.rule, [line.path for line in lines])
        if found.measurable
    ]


def _lifecycle(frame: Frame, lines: Iterable[RepLine]) -> list[Values]:
    counts = lifecycle_by_week((line.weeks for line in lines), frame.count)
    return [
        {
            "week_start": frame.origin + index * WEEK,
            **{f"{phase.value}_reps": found[phase] for phase in Phase},
        }
        for index, found in enumerate(counts)
        if found.total()
    ]


def _first_uses(frame: Frame, lines: Iterable[RepLine]) -> list[Values]:
    """METRICS U5 for the cohorts of each week of first use."""
    cohorts: dict[int, list[tuple[RepWeeks, int]]] = defaultdict(list)
    for line in lines:
        begin = line.weeks.first_use
        if begin is not None:
            cohorts[begin].append((line.weeks, begin))
    return [
        row
        for begin, cohort in sorted(cohorts.items())
        for row in _points(
            "first_use", frame.origin + begin * WEEK, returns(cohort, frame.count - begin)
        )
    ]


def _starts(frame: Frame, lines: Iterable[RepLine]) -> list[Values]:
    """The launch cohorts: who could begin in a month, the launch's where they were there before."""
    calendar = programme.queries.calendar(frame.owner)
    cohorts: dict[date, list[tuple[RepWeeks, int]]] = defaultdict(list)
    for line in lines:
        month, begun = start_cohort(line.start_day, frame.owner.launch_on)
        index = frame.index(calendar.week_of(begun))
        if index < frame.count and line.weeks.there >> index:
            cohorts[month].append((line.weeks, index))
    return [
        row
        for month, cohort in sorted(cohorts.items())
        for row in _points(
            "start", month, returns(cohort, frame.count - max(begin for _weeks, begin in cohort))
        )
    ]


def _points(basis: str, cohort: date, counts: Iterable[tuple[int, int]]) -> list[Values]:
    return [
        {"basis": basis, "cohort": cohort, "period": period, "at_risk": at_risk, "back": back}
        for period, (at_risk, back) in enumerate(counts)
    ]


def _teams(here: Iterable[RepLine]) -> list[Values]:
    names = people.queries.team_names()
    groups: dict[int | None, list[RepLine]] = defaultdict(list)
    for line in here:
        groups[line.team_id].append(line)
    return [
        _group("team", UNASSIGNED if ident is None else names[ident], ident, found)
        for ident, found in groups.items()
    ]


def _channels(here: list[RepLine]) -> list[Values]:
    cards = people.queries.cards([line.person_id for line in here])
    groups: dict[str, list[RepLine]] = defaultdict(list)
    for line in here:
        groups[cards[line.person_id].channel or ""].append(line)
    return [_group("channel", name, None, found) for name, found in groups.items()]


def _group(basis: str, name: str, team_id: int | None, lines: Collection[RepLine]) -> Values:
    states = Counter(line.state for line in lines)
    return {
        "basis": basis,
        "name": name,
        "team_id": team_id,
        "here": len(lines),
        "measurable": len(lines) - states[AdoptionState.NOT_MEASURABLE],
        "sustained": states[AdoptionState.SUSTAINED],
        "near": sum(line.is_near for line in lines),
    }


def _series(frame: Frame) -> list[Values]:
    """The line of the present rule, from the launch on."""
    owner = frame.owner
    launch = programme.queries.calendar(owner).week_of(owner.launch_on)
    return [
        {
            "rule_version": owner.rule_version,
            "week_start": week.week_start,
            "sustained": week.sustained,
            "measurable": week.sustained + week.lapsed + week.trying + week.not_started,
        }
        for week in week_queries.judged_weeks(owner.id)
        if week.week_start >= launch
    ]
