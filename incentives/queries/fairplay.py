"""What the fair-play desk reads: events for the detectors, flags, claims, and who has a stake."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, union_all

from adoption.models import UsageEvent
from adoption.queries import events_for_contest
from adoption.queries.holds import versions_named
from core.calendars import DAY, zone_of
from core.db import db
from incentives.models import Contest, ContestEvent, Dispute, ReviewFlag, ReviewMark, UsageClaim
from incentives.rules.contests import State
from incentives.rules.detectors import LEAST_EVENTS, Act, Course, Detector, EventKey
from incentives.rules.fairplay import REVIEWED, UNDECIDED, Stakes, doubts_until
from leaderboard.models import Board
from leaderboard.queries import facts
from leaderboard.queries.facts import Spec
from people import queries as people

# The clock takes its steps at least this often; what is due longer waits for a person.
TICK = timedelta(minutes=30)
# What somebody has looked at and decided: those events raise the same pattern no more.
DECIDED = ("cleared", "held", "released", "upheld")


@dataclass(frozen=True)
class Evidence:
    """One event behind a flag; `is_held`: it waits for a decision at present."""

    key: EventKey
    kind: str
    occurred_at: datetime
    received_at: datetime
    object_id: str | None
    fingerprint: str | None
    is_held: bool


@dataclass(frozen=True)
class Waiting:
    """What keeps a result from being decided: how many of each."""

    flags: int = 0
    claims: int = 0
    doubts: int = 0

    @property
    def total(self) -> int:
        """All together."""
        return self.flags + self.claims + self.doubts


def spec_of(contest: Contest) -> Spec:
    """The race behind a contest."""
    return facts.spec_of(db.session.get_one(Board, contest.board_id))


def reviewed_contests() -> tuple[int, ...]:
    """Contests the detectors look at, the one that ends first in front."""
    states = sorted(REVIEWED)
    return tuple(
        db.session.scalars(
            select(Contest.id)
            .where(Contest.state.in_(states))
            .order_by(Contest.ends_at, Contest.id)
        )
    )


def mark_of(contest_id: int) -> int:
    """The newest event looked past so far."""
    mark = db.session.get(ReviewMark, contest_id)
    return 0 if mark is None else mark.newest_event_id


def newest_event_id() -> int:
    """The highest id of any event stored."""
    return db.session.scalar(select(func.max(UsageEvent.id))) or 0


def people_to_look_at(spec: Spec, newer_than: int | None) -> frozenset[int]:
    """Reps with enough events in the window for a pattern; only those with a newer row, if given.

    A correction is a newer row too, also one that takes an event out of the contest.
    """
    racing = frozenset(facts.staff(spec).calendars)
    if newer_than is not None:
        new = select(UsageEvent.person_id).where(
            UsageEvent.id > newer_than, UsageEvent.programme_id == spec.programme_id
        )
        racing &= frozenset(db.session.scalars(new.distinct()))
    if not racing:
        return racing
    enough = (
        select(UsageEvent.person_id)
        .where(
            UsageEvent.programme_id == spec.programme_id,
            UsageEvent.local_day >= spec.starts_on - DAY,
            UsageEvent.local_day < spec.ends_on + DAY,
            UsageEvent.kind.in_(sorted(spec.rules)),
        )
        .group_by(UsageEvent.person_id)
        .having(func.count() >= LEAST_EVENTS)
    )
    return racing & frozenset(db.session.scalars(enough))


def acts_of(spec: Spec, person_ids: Collection[int], until: datetime) -> dict[int, list[Act]]:
    """Each rep's contest events as known by then, for the detectors; held ones are among them."""
    found: dict[int, list[Act]] = defaultdict(list)
    if not person_ids:
        return found
    rows = events_for_contest(
        spec.programme_id, sorted(spec.rules), spec.starts_on, spec.ends_on, until, person_ids
    )
    for row in rows:
        key = (row.source, row.event_id)
        found[row.person_id].append(Act(key, row.occurred_at, row.fingerprint))
    return found


def courses(contest: Contest, spec: Spec, person_ids: Collection[int]) -> dict[int, Course]:
    """The contest as each rep's own clock has it (METRICS D2: the rep's own zone)."""
    cards = people.cards(person_ids)
    return {
        person_id: Course(
            contest.starts_at,
            contest.ends_at,
            zone_of(cards[person_id].time_zone or spec.calendar.zone),
            spec.calendar.workweek,
        )
        for person_id in person_ids
        if person_id in cards
    }


def flags(contest_id: int, *, states: Collection[str] | None = None) -> tuple[ReviewFlag, ...]:
    """A contest's flags, newest first; those that were superseded only if asked for."""
    wanted = UNDECIDED | frozenset(DECIDED) if states is None else states
    return tuple(
        db.session.scalars(
            select(ReviewFlag)
            .where(ReviewFlag.contest_id == contest_id, ReviewFlag.state.in_(sorted(wanted)))
            .order_by(ReviewFlag.found_at.desc(), ReviewFlag.id.desc())
        )
    )


def flags_of_people(contest_id: int, person_ids: Collection[int]) -> dict[int, list[ReviewFlag]]:
    """Every flag of these reps, by rep."""
    found: dict[int, list[ReviewFlag]] = defaultdict(list)
    wanted = frozenset(person_ids)
    rows = db.session.scalars(
        select(ReviewFlag).where(ReviewFlag.contest_id == contest_id).order_by(ReviewFlag.id)
    )
    for row in rows:
        if row.person_id in wanted:
            found[row.person_id].append(row)
    return found


def seen_of(found: Collection[ReviewFlag]) -> dict[Detector, Collection[EventKey]]:
    """Per detector, the events on which somebody has decided already."""
    seen: dict[Detector, set[EventKey]] = defaultdict(set)
    for flag in found:
        if flag.state in DECIDED:
            seen[Detector(flag.detector)].update(keys_of(flag.evidence))
    return dict(seen)


def keys_of(stored: Collection[Collection[str]]) -> frozenset[EventKey]:
    """Event keys as a flag stores them."""
    return frozenset((source, event_id) for source, event_id in stored)


def evidence_of(contest: Contest, flag: ReviewFlag) -> tuple[Evidence, ...]:
    """The events behind a flag as they stand now, by moment; those taken back are left out."""
    rows = versions_named(contest.programme_id, keys_of(flag.evidence))
    found = [
        Evidence(
            (row.source, row.event_id),
            row.kind,
            row.occurred_at,
            row.received_at,
            row.object_id,
            row.fingerprint,
            row.held_at is not None,
        )
        for row in rows
        if row.superseded_at is None and not row.voided
    ]
    return tuple(sorted(found, key=lambda each: (each.occurred_at, each.key)))


def claims(contest_id: int, *, person_id: int | None = None) -> tuple[UsageClaim, ...]:
    """A contest's claims of missing use, oldest first; of one rep only, if given."""
    columns = select(UsageClaim).where(UsageClaim.contest_id == contest_id).order_by(UsageClaim.id)
    if person_id is not None:
        columns = columns.where(UsageClaim.person_id == person_id)
    return tuple(db.session.scalars(columns))


def waiting(contest_id: int) -> Waiting:
    """How many flags, claims and doubts nobody has decided yet."""
    return waiting_of([contest_id]).get(contest_id, Waiting())


def waiting_of(contest_ids: Collection[int]) -> dict[int, Waiting]:
    """The same of several contests, three reads for all."""
    counts = {
        name: dict(
            db.session.execute(
                select(table.contest_id, func.count())
                .where(table.contest_id.in_(sorted(contest_ids)), table.state.in_(states))
                .group_by(table.contest_id)
            ).all()
        )
        for name, table, states in (
            ("flags", ReviewFlag, sorted(UNDECIDED)),
            ("claims", UsageClaim, ["open"]),
            ("doubts", Dispute, ["open"]),
        )
    }
    return {
        ident: Waiting(**{name: found.get(ident, 0) for name, found in counts.items()})
        for ident in contest_ids
    }


@dataclass(frozen=True)
class Asking:
    """A contest that waits for people: for decisions, or for a signature once its window closed."""

    slug: str
    title: str
    waiting: Waiting
    is_unsigned: bool


def asking(now: datetime) -> tuple[Asking, ...]:
    """Contests that wait for somebody from sales operations, the one that ends first in front."""
    found = db.session.scalars(
        select(Contest)
        .where(Contest.state.in_(sorted(REVIEWED)))
        .order_by(Contest.ends_at, Contest.id)
    ).all()
    counts = waiting_of([contest.id for contest in found]) if found else {}
    rows = (
        Asking(
            contest.slug,
            contest.title,
            counts[contest.id],
            is_unsigned(contest, counts[contest.id], now),
        )
        for contest in found
    )
    return tuple(row for row in rows if row.waiting.total or row.is_unsigned)


def is_unsigned(contest: Contest, waiting: Waiting, now: datetime) -> bool:
    """Everything is decided and the window closed a while ago, yet nobody has signed it."""
    until = doubts_until(contest.provisional_at)
    is_over = until is not None and now >= until + TICK
    return contest.state == State.PROVISIONAL and is_over and not waiting.total


def open_questions(contest_id: int) -> int:
    """Claims and doubts nobody has answered, in one read; signs are for the desk alone."""
    waiting = union_all(
        select(UsageClaim.id).where(
            UsageClaim.contest_id == contest_id, UsageClaim.state == "open"
        ),
        select(Dispute.id).where(Dispute.contest_id == contest_id, Dispute.state == "open"),
    ).subquery()
    return db.session.scalar(select(func.count()).select_from(waiting)) or 0


def stakes(contest: Contest) -> Stakes:
    """Who takes part in a contest or leads a team in it, on its first or last day."""
    spec = spec_of(contest)
    here = facts.staff(spec)
    teams = {span.team_id for span in here.spans}
    if not teams:
        team_of = people.team_on(contest.starts_on)
        teams = {team_of[person] for person in here.calendars if person in team_of}
    leads = {
        lead
        for day in (contest.starts_on, contest.last_on)
        for found in people.leads_of(teams, day).values()
        for lead in found
    }
    return Stakes(contest.author_id, frozenset(here.calendars), frozenset(leads))


def late_events(contest: Contest) -> Mapping[int, int]:
    """How many events of each rep came after the closing and do not count (case 6, C7)."""
    board = db.session.get_one(Board, contest.board_id)
    rows = db.session.execute(
        select(UsageEvent.person_id, func.count().label("events"))
        .where(
            UsageEvent.programme_id == contest.programme_id,
            UsageEvent.local_day >= contest.starts_on - DAY,
            UsageEvent.local_day <= contest.last_on + DAY,
            UsageEvent.occurred_at >= contest.starts_at,
            UsageEvent.occurred_at < contest.ends_at,
            UsageEvent.kind.in_([str(rule["kind"]) for rule in board.rules]),
            UsageEvent.received_at > board.closes_at,
            UsageEvent.version == 1,
            UsageEvent.voided.is_(False),
            UsageEvent.quarantine.is_(None),
        )
        .group_by(UsageEvent.person_id)
    )
    return {row.person_id: row.events for row in rows}


def held_counts(contest: Contest) -> dict[int, int]:
    """How many events of each rep are held in this contest's window at present."""
    spec = spec_of(contest)
    rows = db.session.execute(
        select(UsageEvent.person_id, func.count().label("events"))
        .where(
            UsageEvent.programme_id == spec.programme_id,
            UsageEvent.local_day >= spec.starts_on - DAY,
            UsageEvent.local_day < spec.ends_on + DAY,
            UsageEvent.occurred_at >= contest.starts_at,
            UsageEvent.occurred_at < contest.ends_at,
            UsageEvent.kind.in_(sorted(spec.rules)),
            UsageEvent.held_at.is_not(None),
            UsageEvent.superseded_at.is_(None),
            UsageEvent.voided.is_(False),
        )
        .group_by(UsageEvent.person_id)
    )
    return {row.person_id: row.events for row in rows}


def computed(contest_id: int) -> tuple[ContestEvent, ...]:
    """The transitions that worked a result out anew or settled it, in order."""
    steps = ("computed", "dispute_upheld", "finalise", "adjust")
    return tuple(
        db.session.scalars(
            select(ContestEvent)
            .where(ContestEvent.contest_id == contest_id, ContestEvent.step.in_(steps))
            .order_by(ContestEvent.id)
        )
    )
