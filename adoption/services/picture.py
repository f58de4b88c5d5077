"""Drawing the picture: at night, from the judged weeks, all that the adoption page will show.

Each rep is kept as three week integers and a path (rules.picture, rules.forecast). A night brings
those of touched reps in step from their days, adds a week that became complete to all, and counts
the page's small tables anew from them. So a night costs by the number of people, not by history.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import people.queries
import programme.queries
from adoption.models import (
    ActiveDaysBucket,
    AdoptionGroup,
    CohortPoint,
    LifecycleWeek,
    OwnDayShare,
    PictureMark,
    RepPicture,
    SeriesPoint,
    TouchedRep,
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
from adoption.rules.spans import current_bits
from core.bulkload import TextRow, replace_rows
from core.calendars import DAY, WEEK_DAYS
from core.db import Base, bulk_insert, db, delete_where, insert_missing
from people.rules import PersonCalendar
from programme.models import Programme

WEEK = WEEK_DAYS * DAY
FOUR_WEEKS = 4
NOBODY = Sketch(0, 0, 0, "", has_opened=False)
REP_COLUMNS = (
    "programme_id",
    "person_id",
    "team_id",
    "state",
    "is_near",
    "has_opened",
    "is_active",
    "weeks_counted",
    "weeks_met",
    "streak",
    "active_days",
    "start_day",
    "day60",
    "path",
    "active_weeks",
    "first_day_weeks",
    "there_weeks",
)


@dataclass(frozen=True)
class Drawn:
    """What a run did: the reps looked at anew, nobody when everything was in step."""

    reps: int = 0


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


def touch_picture(programme_id: int, person_ids: Collection[int] | None) -> None:
    """Note who was judged again; None for everybody. The next drawing looks at them anew."""
    if person_ids is None:
        mark = picture_queries.mark_of(programme_id)
        if mark is not None:
            mark.is_stale = True
        return
    insert_missing(
        TouchedRep,
        [{"programme_id": programme_id, "person_id": ident} for ident in sorted(person_ids)],
        ["programme_id", "person_id"],
    )


def draw_picture(programme_id: int, now: datetime) -> Drawn:
    """Bring the picture in step with the judged weeks. A repeated run changes nothing.

    Call it in a transaction of its own, after judging.
    """
    judged = week_queries.mark_of(programme_id)
    if judged is None or judged.judged_week is None:
        return Drawn()
    owner = programme.queries.by_id(programme_id)
    mark = picture_queries.mark_of(programme_id)
    if mark is None:
        mark = PictureMark(programme_id=programme_id, rule_version=owner.rule_version)
        db.session.add(mark)
    touched = picture_queries.touched_reps(programme_id)
    is_whole = _is_whole(mark, owner, judged.judged_week)
    if not is_whole and not touched and mark.drawn_week == judged.judged_week:
        return Drawn()
    frame, kept = _look(owner, mark, judged.judged_week, None if is_whole else touched)
    lines = _lines(frame, kept)
    _write_reps(frame, lines)
    _count(frame, mark, lines)
    _count_logins(frame, mark, now)
    mark.rule_version, mark.origin = owner.rule_version, frame.origin
    mark.drawn_week, mark.is_stale = frame.last, False
    delete_where(TouchedRep, TouchedRep.programme_id == programme_id)
    return Drawn(len(lines) if is_whole else len(touched))


def _is_whole(mark: PictureMark, owner: Programme, last: date) -> bool:
    """Whether nothing of what is kept can be continued."""
    if mark.is_stale or mark.drawn_week is None or mark.rule_version != owner.rule_version:
        return True
    return mark.drawn_week > last


def _look(
    owner: Programme, mark: PictureMark, last: date, touched: Collection[int] | None
) -> tuple[Frame, dict[int, Sketch]]:
    """Everybody's sketch up to the week `last`: from the days, or the kept ones continued."""
    members = programme.queries.members(owner.id)
    wanted = None if touched is None else sorted(members & frozenset(touched))
    found = world_from_days(owner, last, wanted)
    if wanted is not None and found.span.origin != mark.origin:
        return _look(owner, mark, last, None)
    frame = Frame(owner, rule_of(owner), found.span.origin, found.span.week_index(last) + 1)
    fresh = {ident: rep_weeks(rep, frame.count) for ident, rep in found.reps.items()}
    sketches = {
        ident: Sketch(weeks.active, weeks.first_day, weeks.there, "", has_opened=False)
        for ident, weeks in fresh.items()
    }
    if touched is None:
        return frame, sketches
    kept = picture_queries.sketches(owner.id)
    rest = members - sketches.keys()
    continued = _continued(frame, mark, {ident: kept.get(ident, NOBODY) for ident in rest})
    return frame, {**continued, **sketches}


def _continued(frame: Frame, mark: PictureMark, kept: Mapping[int, Sketch]) -> dict[int, Sketch]:
    """Kept sketches with the weeks added that became complete since."""
    found = dict(kept)
    assert mark.drawn_week is not None  # noqa: S101 - else everything is drawn anew
    week = mark.drawn_week + WEEK
    if week > frame.last:
        return found
    calendars = people.queries.calendars(kept)
    calendar = programme.queries.calendar(frame.owner)
    while week <= frame.last:
        bit = 1 << frame.index(week)
        span = span_of(calendar, week, week)
        used = week_queries.active_in_week(frame.owner.id, week)
        for ident, old in found.items():
            current = current_bits(calendars[ident], span)
            found[ident] = Sketch(
                old.active | (bit if ident in used else 0),
                old.first_day | (bit if current & 1 else 0),
                old.there | (bit if current else 0),
                old.path,
                old.has_opened,
            )
        week += WEEK
    return found


def _lines(frame: Frame, sketches: Mapping[int, Sketch]) -> list[RepLine]:
    """Everybody who has begun by the last week's end, as they stand then."""
    owner, rule = frame.owner, frame.rule
    calendars = {
        ident: found
        for ident, found in people.queries.calendars(sketches).items()
        if found.start_day is not None and found.start_day <= frame.through
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
    lines = []
    for ident in sorted(calendars):
        sketch, start = sketches[ident], calendars[ident].start_day
        assert start is not None  # noqa: S101 - chosen above
        state, streak = standings.get(ident, (AdoptionState.LEFT, 0))
        pair = marks.get(ident, (0, 0))
        counted, met = counted_weeks(*pair, rule)
        is_done = state in {AdoptionState.LEFT, AdoptionState.SUSTAINED}
        lines.append(
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
    return lines


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


def _write_reps(frame: Frame, lines: Iterable[RepLine]) -> None:
    """The rows of everybody; who is not in the picture any more leaves it."""
    owner, last = str(frame.owner.id), 1 << frame.count - 1
    rows: list[TextRow] = [
        (
            owner,
            str(line.person_id),
            "" if line.team_id is None else str(line.team_id),
            line.state.value,
            str(int(line.is_near)),
            str(int(line.has_opened)),
            str(int(bool(line.weeks.active & last))),
            str(line.counted),
            str(line.met),
            str(line.streak),
            str(line.active_days),
            line.start_day.isoformat(),
            day60_by(line.path, frame.rule).value,
            line.path,
            f"{line.weeks.active:x}",
            f"{line.weeks.first_day:x}",
            f"{line.weeks.there:x}",
        )
        for line in lines
    ]
    delete_where(RepPicture, RepPicture.programme_id == frame.owner.id)
    replace_rows(RepPicture, REP_COLUMNS, rows)


def _count(frame: Frame, mark: PictureMark, lines: list[RepLine]) -> None:
    """Count the page's small tables from the reps."""
    here = [line for line in lines if line.state is not AdoptionState.LEFT]
    last = 1 << frame.count - 1
    mark.opened = sum(line.has_opened for line in here)
    mark.ever_used = sum(bool(line.weeks.active) for line in here)
    mark.active = sum(bool(line.weeks.active & last) for line in here)
    mark.near = sum(line.is_near for line in here)
    length = len(own_days(frame.rule))
    ahead = outlook(
        frame.rule,
        [
            line.path
            for line in lines
            if line.state is not AdoptionState.LEFT or len(line.path) == length
        ],
    )
    mark.finished, mark.finished_sustained = ahead.finished, ahead.sustained
    mark.under_way = ahead.under_way
    mark.outlook_low, mark.outlook_middle = ahead.low, ahead.middle
    mark.outlook_high = ahead.high
    _replace(frame, OwnDayShare, _own_days(frame, lines))
    _replace(frame, LifecycleWeek, _lifecycle(frame, lines))
    _replace(frame, CohortPoint, [*_first_uses(frame, lines), *_starts(frame, lines)])
    _replace(frame, AdoptionGroup, [*_teams(here), *_channels(here)])
    buckets = Counter(line.active_days for line in here)
    _replace(
        frame,
        ActiveDaysBucket,
        [{"active_days": days, "reps": count} for days, count in sorted(buckets.items())],
    )
    _replace_series(frame)


def _count_logins(frame: Frame, mark: PictureMark, now: datetime) -> None:
    """METRICS G2: the first 28 dates from the launch against the last 28, both complete."""
    length = FOUR_WEEKS * WEEK
    first, end = frame.owner.launch_on, frame.through + DAY
    if first + length > end - length:
        mark.logins_base = mark.logins_now = mark.rep_days_base = mark.rep_days_now = 0
        return
    told = growth.logins_growth(
        frame.owner, (first, first + length), (end - length, end), as_of=now
    )
    mark.logins_base, mark.logins_now = _whole(told["base"]), _whole(told["current"])
    mark.rep_days_base = _whole(told["base_rep_days"])
    mark.rep_days_now = _whole(told["current_rep_days"])


def _whole(value: object) -> int:
    """A count out of a figure's answer."""
    return int(str(value))


def _replace(frame: Frame, table: type[Base], rows: Iterable[Mapping[str, object]]) -> None:
    """Put the rows of a programme in the place of those there are."""
    owner = frame.owner.id
    delete_where(table, table.programme_id == owner)  # type: ignore[attr-defined]
    bulk_insert(table, [{"programme_id": owner, **row} for row in rows])


def _own_days(frame: Frame, lines: Iterable[RepLine]) -> list[dict[str, object]]:
    return [
        {"own_day": found.day, "sustained": found.sustained, "measurable": found.measurable}
        for found in way(frame.rule, [line.path for line in lines])
        if found.measurable
    ]


def _lifecycle(frame: Frame, lines: Iterable[RepLine]) -> list[dict[str, object]]:
    counts = lifecycle_by_week((line.weeks for line in lines), frame.count)
    return [
        {
            "week_start": frame.origin + index * WEEK,
            **{f"{phase.value}_reps": found[phase] for phase in Phase},
        }
        for index, found in enumerate(counts)
        if found.total()
    ]


def _first_uses(frame: Frame, lines: Iterable[RepLine]) -> list[dict[str, object]]:
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


def _starts(frame: Frame, lines: Iterable[RepLine]) -> list[dict[str, object]]:
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


def _points(basis: str, cohort: date, counts: Iterable[tuple[int, int]]) -> list[dict[str, object]]:
    return [
        {"basis": basis, "cohort": cohort, "period": period, "at_risk": at_risk, "back": back}
        for period, (at_risk, back) in enumerate(counts)
    ]


def _teams(here: Iterable[RepLine]) -> list[dict[str, object]]:
    names = people.queries.team_names()
    groups: dict[int | None, list[RepLine]] = defaultdict(list)
    for line in here:
        groups[line.team_id].append(line)
    return [
        _group("team", UNASSIGNED if ident is None else names[ident], ident, found)
        for ident, found in groups.items()
    ]


def _channels(here: list[RepLine]) -> list[dict[str, object]]:
    cards = people.queries.cards([line.person_id for line in here])
    groups: dict[str, list[RepLine]] = defaultdict(list)
    for line in here:
        groups[cards[line.person_id].channel or ""].append(line)
    return [_group("channel", name, None, found) for name, found in groups.items()]


def _group(
    basis: str, name: str, team_id: int | None, lines: Collection[RepLine]
) -> dict[str, object]:
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


def _replace_series(frame: Frame) -> None:
    """The line of the present rule; the lines of older versions stay as they were last drawn."""
    owner = frame.owner
    delete_where(
        SeriesPoint,
        SeriesPoint.programme_id == owner.id,
        SeriesPoint.rule_version == owner.rule_version,
    )
    launch = programme.queries.calendar(owner).week_of(owner.launch_on)
    bulk_insert(
        SeriesPoint,
        [
            {
                "programme_id": owner.id,
                "rule_version": owner.rule_version,
                "week_start": week.week_start,
                "sustained": week.sustained,
                "measurable": week.sustained + week.lapsed + week.trying + week.not_started,
            }
            for week in week_queries.judged_weeks(owner.id)
            if week.week_start >= launch
        ],
    )
