"""What the clock does with the loop: days reached, reviews that ran out, weeks closed and judged.

Each verb works set-wise and may be repeated. Steps are written with their official instants, so a
late run leaves the rows of one in time; our own outage is nobody's omission.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import people.queries
import programme.queries
from coaching import notices
from coaching.models import CoachingItem, CoachingMoment, Fix, Loop
from coaching.notices import Reader
from coaching.queries import clock as queries
from coaching.queries.clock import WhoWorks
from coaching.queries.items import zones_of
from coaching.rules.days import (
    FURTHEST,
    first_common_working_day,
    last_day_to_mark,
    review_instant,
)
from coaching.rules.life import State
from coaching.rules.loops import RATED, LoopFacts, LoopOutcome, MissedBy, missed_by, outcome_of
from coaching.services.invitations import invite, reinvite, uninvite
from coaching.services.steps import take_all
from coaching.services.words import people_of, readers, talk_words
from core import audit, outbox
from core.calendars import DAY, WEEK_DAYS, ProgrammeCalendar, first_instant
from core.db import db
from core.outbox import Letter
from core.policy import SYSTEM
from leaderboard import services as boards
from programme.models import Programme

WORDS_KEPT = timedelta(days=365)
FORGET_AT_ONCE = 1000
# Older news of a missed review is no news.
NEWS_KEEPS = timedelta(days=7)


@dataclass(frozen=True)
class Reached:
    """How many reviews came due, and how many moved for leave."""

    due: int = 0
    moved: int = 0


@dataclass(frozen=True)
class _Near:
    """Items at their day, with what deciding about them takes."""

    owner: Programme
    calendar: ProgrammeCalendar
    items: list[CoachingItem]
    zones: Mapping[int, ZoneInfo]
    rota: WhoWorks

    def zone(self, item: CoachingItem) -> ZoneInfo:
        return self.zones[_author(item)]

    def day_begins(self, item: CoachingItem) -> datetime:
        return first_instant(self.zone(item), _day(item))

    def day_ends(self, item: CoachingItem) -> datetime:
        return first_instant(self.zone(item), _day(item) + DAY)


def _author(item: CoachingItem) -> int:
    if item.author_id is None:
        raise ValueError("nothing was handed back yet")
    return item.author_id


def _day(item: CoachingItem) -> date:
    if item.review_on is None:
        raise ValueError("nothing was handed back yet")
    return item.review_on


def _look(owner: Programme, items: Sequence[CoachingItem]) -> _Near:
    authors = {_author(item) for item in items}
    days = [_day(item) for item in items]
    rota = queries.who_works(
        authors | {item.rep_id for item in items}, min(days), max(days) + FURTHEST * DAY
    )
    calendar = programme.queries.calendar(owner)
    return _Near(owner, calendar, list(items), zones_of(authors, owner), rota)


def reach_days(as_of: datetime, *, now: datetime | None = None) -> Reached:
    """Let reviews come due whose date has begun where their author is, and remind both.

    `now` is when it is really done, which the time to mark counts from: an outage takes none of it.
    Where rep or author is on leave that day (an author without deputy) it moves to the first
    working day on which both are there; the first date is kept.
    """
    due = moved = 0
    moment = max(as_of, now or as_of)
    for owner in programme.queries.all_programmes():
        items = queries.near_their_day(owner.id, as_of)
        if not items:
            continue
        near = _look(owner, items)
        begun = [item for item in items if near.day_begins(item) <= as_of]
        away = {item.id for item in begun if _may_move(item, near)}
        late = [item for item in begun if item.id in away and _move(item, near, moment)]
        moved += len(late)
        left = {item.id for item in late}
        ready = [item for item in begun if item.id not in left]
        reached = take_all(
            ready, "day_reached", lambda _item: State.DUE, now=as_of, at=near.day_begins
        )
        for item in reached:
            item.due_at = moment
        db.session.flush()
        held = [item for item in reached if item.called_off_at is None]
        outbox.post_all(_reminders(near, held, moment), moment)
        due += len(reached)
    return Reached(due, moved)


def _may_move(item: CoachingItem, near: _Near) -> bool:
    """Whether somebody is missing that day who will be back; who has left is not waited for."""
    day, author, rota = _day(item), _author(item), near.rota
    is_leave = rota.is_here(item.rep_id, day) and not rota.works(item.rep_id, day)
    return is_leave or (rota.is_here(author, day) and not rota.is_covered(author, day))


def _move(item: CoachingItem, near: _Near, now: datetime) -> bool:
    """Move a review to the first day on which both work; False when there is none in a year."""
    author, rota = _author(item), near.rota
    day = first_common_working_day(
        _day(item),
        near.calendar,
        (
            lambda on: rota.works(item.rep_id, on),
            lambda on: rota.is_covered(author, on),
        ),
    )
    if day is None or item.review_at is None:
        return False
    before = _day(item)
    item.moves += 1
    if item.state == State.COACHED:
        take_all([item], "leave", lambda _item: State.EXCUSED, now=now, at=near.day_begins)
    else:
        item.change += 1
    zone = near.zone(item)
    at = item.review_at.astimezone(zone).time()
    item.review_on, item.review_at = day, review_instant(day, at, zone)
    db.session.flush()
    audit.record(
        "coach.excuse",
        actor=SYSTEM,
        now=now,
        subject=f"coaching_item:{item.id}",
        detail={"from": before.isoformat(), "to": day.isoformat()},
    )
    reinvite(item, now)
    return True


@dataclass(frozen=True)
class _Told:
    """What letters about items need, read at once; the session finds a talk's loop among these."""

    who: dict[int, Reader]
    fixes: Mapping[int, Fix]
    picked: Mapping[int, CoachingMoment]
    loops: Sequence[Loop]


def _told(owner: Programme, items: Sequence[CoachingItem], more: set[int]) -> _Told:
    return _Told(
        readers(people_of(items) | more, owner),
        queries.fixes_of(items),
        queries.picked_of(items),
        queries.loops_of(items),
    )


def _reminders(near: _Near, items: Sequence[CoachingItem], now: datetime) -> Iterator[Letter]:
    """That morning to the rep and to the author, or to who stands in; none once the day is over."""
    today = [item for item in items if now < near.day_ends(item)]
    if not today:
        return
    hosts = {item.id: _hosts(item, near) for item in today}
    told = _told(near.owner, today, {who for several in hosts.values() for who in several})
    for item in today:
        moment, fix = told.picked.get(item.id), told.fixes.get(item.id)
        if moment is None or fix is None:
            continue
        talk, use_by = talk_words(item, moment, told.who, near.owner), near.day_ends(item)
        rep = told.who[item.rep_id]
        yield notices.review_today(talk, rep, fix.words, is_rep=True, use_by=use_by)
        for host in hosts[item.id]:
            reader = told.who[host]
            yield notices.review_today(talk, reader, fix.words, is_rep=False, use_by=use_by)


def _hosts(item: CoachingItem, near: _Near) -> list[int]:
    """Who holds the review: its author, or their deputies on a day of leave."""
    author, day = _author(item), _day(item)
    if near.rota.works(author, day):
        return [author]
    return near.rota.deputies_on(author, day) or [author]


def time_out(as_of: datetime, *, now: datetime | None = None) -> int:
    """Count reviews as missed that nobody marked within two working days; returns how many.

    An outage does not shorten that time: it runs from the day, from when the house came to it, or
    from when the house came back. A review of somebody who has left is nobody's omission.
    """
    moment = max(as_of, now or as_of)
    owners = programme.queries.all_programmes()
    if queries.was_down(moment):
        for owner in owners:
            _give_time_anew(owner, as_of, moment)
        return 0
    return sum(_run_out(owner, as_of, moment) for owner in owners)


def _give_time_anew(owner: Programme, as_of: datetime, now: datetime) -> None:
    """Nobody could mark while the house was down: the time to do so begins again."""
    for item in queries.due_items(owner.id, as_of):
        item.due_at = now
    db.session.flush()


def _run_out(owner: Programme, as_of: datetime, now: datetime) -> int:
    items = queries.due_items(owner.id, as_of)
    if not items:
        return 0
    near = _look(owner, items)
    ends = {item.id: _last_moment(item, near) for item in items}
    missed = take_all(
        [item for item in items if ends[item.id] <= as_of],
        "timeout",
        lambda _item: State.MISSED,
        now=as_of,
        at=lambda item: ends[item.id],
    )
    able = people.queries.active_among(people_of(missed), as_of.date())
    for item in missed:
        both = (item.rep_id, _author(item))
        is_theirs = all(who in able and near.rota.is_here(who, _day(item)) for who in both)
        item.missed_by = (MissedBy.MANAGER if is_theirs else MissedBy.SYSTEM).value
    db.session.flush()
    outbox.post_all(_missed_letters(near, missed, ends, now), now)
    return len(missed)


def _last_moment(item: CoachingItem, near: _Near) -> datetime:
    """The end of the last day on which a review may be marked."""
    zone, day = near.zone(item), _day(item)
    if item.due_at is not None:
        day = max(day, item.due_at.astimezone(zone).date())
    return first_instant(zone, last_day_to_mark(day, near.calendar) + DAY)


def _missed_letters(
    near: _Near, items: Sequence[CoachingItem], ends: Mapping[int, datetime], now: datetime
) -> Iterator[Letter]:
    """To whom it counts for; nobody is told of what is long past."""
    news = [
        item
        for item in items
        if item.missed_by == MissedBy.MANAGER and now < ends[item.id] + NEWS_KEEPS
    ]
    if not news:
        return
    told = _told(near.owner, news, set())
    for item in news:
        moment = told.picked.get(item.id)
        reader = told.who[item.manager_id or _author(item)]
        if moment is not None:
            talk = talk_words(item, moment, told.who, near.owner)
            yield notices.review_missed(talk, reader, use_by=ends[item.id] + NEWS_KEEPS)


@dataclass(frozen=True)
class Closed:
    """How many items ended without a talk, and how many were closed."""

    missed: int = 0
    closed: int = 0


def close_items(as_of: datetime) -> Closed:
    """End what was not coached in weeks that are over, and close what was settled.

    A review stays open for words until the week it was marked in is over. What was not done is
    linked to the rep's next week where there is one.
    """
    missed = closed = 0
    for owner in programme.queries.all_programmes():
        calendar = programme.queries.calendar(owner)
        week = calendar.week_of(calendar.local_day(as_of))
        missed += _end_weeks(owner, calendar, week - WEEK_DAYS * DAY, as_of)
        items = queries.settled_items(owner.id, calendar.day_start(week))
        if not items:
            continue
        unlinked = [
            item for item in items if item.state == State.NOT_DONE and not item.next_item_id
        ]
        following = queries.following(unlinked) if unlinked else {}
        for item in unlinked:
            item.next_item_id = following.get(item.id)
        done = take_all(items, "close", lambda _item: State.CLOSED, now=as_of)
        for item in done:
            item.closed_at = as_of
        db.session.flush()
        closed += len(done)
    return Closed(missed, closed)


def _link(items: Sequence[CoachingItem]) -> None:
    """What was not done leads on to the rep's next week, where nothing else did yet."""
    loose = [item for item in items if item.state == State.NOT_DONE and item.next_item_id is None]
    following = queries.following(loose) if loose else {}
    for item in loose:
        item.next_item_id = following.get(item.id)


def _end_weeks(
    owner: Programme, calendar: ProgrammeCalendar, last_week: date, as_of: datetime
) -> int:
    """Items of weeks that are over and have no next step: missed, and by whose omission."""
    items = queries.waiting_items(owner.id, last_week)
    if not items:
        return 0
    facts = queries.loop_facts(owner, queries.loops_of(items))
    had = queries.with_moments(items)
    missed = take_all(
        items,
        "timeout",
        lambda _item: State.MISSED,
        now=as_of,
        at=lambda item: calendar.day_start(item.week + WEEK_DAYS * DAY),
    )
    for item in missed:
        item.missed_by = missed_by(facts[item.loop_id], had_moments=item.id in had).value
    db.session.flush()
    return len(missed)


def decide_loops(as_of: datetime, *, now: datetime | None = None) -> Mapping[str, int]:
    """Give every team's week that is over its verdict; kept and skipped ones go to the boards.

    Directors hear once a week how many reviews each manager missed.
    """
    counts: dict[str, int] = defaultdict(int)
    moment = max(as_of, now or as_of)
    for owner in programme.queries.all_programmes():
        calendar = programme.queries.calendar(owner)
        last = calendar.week_of(calendar.local_day(as_of)) - WEEK_DAYS * DAY
        loops = queries.open_loops(owner.id, last)
        if not loops:
            continue
        facts = queries.loop_facts(owner, loops)
        for loop in loops:
            outcome = outcome_of(facts[loop.id])
            loop.outcome, loop.decided_at = outcome.value, as_of
            counts[outcome.value] += 1
        db.session.flush()
        _note_weeks(owner, loops)
        outbox.post_all(_director_letters(owner, calendar, loops, facts, moment), moment)
    return dict(counts)


def _note_weeks(owner: Programme, loops: Sequence[Loop]) -> None:
    rows = [
        boards.KeptWeek(
            loop.team_id, loop.week, loop.manager_id, is_kept=loop.outcome == LoopOutcome.KEPT
        )
        for loop in loops
        if loop.outcome in RATED
    ]
    boards.note_loop_week(owner.id, rows)


def _director_letters(
    owner: Programme,
    calendar: ProgrammeCalendar,
    loops: Sequence[Loop],
    facts: Mapping[int, LoopFacts],
    now: datetime,
) -> Iterator[Letter]:
    """Counts per manager, to whom each answers; none of weeks long gone."""
    for week in sorted({loop.week for loop in loops}):
        end = week + WEEK_DAYS * DAY
        use_by = calendar.day_start(end) + NEWS_KEEPS
        # Who leads two teams misses each review once.
        missed = {
            loop.manager_id: facts[loop.id]
            for loop in loops
            if loop.week == week and loop.manager_id is not None and facts[loop.id].reviews_missed
        }
        if not missed or now >= use_by:
            continue
        bosses = people.queries.managers_of(missed, end - DAY)
        who = readers({*missed, *bosses.values()}, owner)
        below: dict[int, list[notices.MissedCount]] = defaultdict(list)
        for manager_id, each in sorted(missed.items(), key=lambda pair: who[pair[0]].name):
            if manager_id in bosses:
                told = notices.MissedCount(who[manager_id].name, each.reviews_missed)
                below[bosses[manager_id]].append(told)
        for boss, counts in sorted(below.items()):
            yield notices.reviews_missed(who[boss], week, counts, use_by=use_by)


def call_off(as_of: datetime) -> int:
    """Take reviews out of calendars that nobody can hold, for rep or author has left.

    Whoever turns out to be here after all, finds them there again. Returns how many were taken out.
    """
    count = 0
    for owner in programme.queries.all_programmes():
        items = queries.near_their_day(owner.id, as_of + NEWS_KEEPS)
        if not items:
            continue
        near = _look(owner, items)
        for item in items:
            is_held = all(
                near.rota.is_here(who, _day(item)) for who in (item.rep_id, _author(item))
            )
            if not is_held:
                count += bool(uninvite(item, as_of))
            elif item.called_off_at is not None:
                item.change += 1
                invite(item, as_of)
    return count


def forget_words(as_of: datetime) -> int:
    """Blank what was written to talks a year old; numbers and steps stay. Returns how many."""
    before = (as_of - WORDS_KEPT).date()
    count = 0
    while items := queries.old_words(before, FORGET_AT_ONCE):
        for row in queries.words_on(items):
            row.words = ""
        for item in items:
            item.words_forgotten_at = as_of
        db.session.flush()
        count += len(items)
    return count
