"""What tests of a contest's life share: a world of three teams, the clock, and what is read off."""

from datetime import timedelta
from fractions import Fraction

from sqlalchemy import select

from adoption.models import UsageEvent, UsageSource
from core.db import db, transaction
from core.outbox import OutboxLetter
from core.policy import SYSTEM
from incentives import jobs, queries
from incentives.models import Award, Contest
from incentives.services import (
    award_steps,
)
from incentives.services.contests import PrizePlan
from leaderboard import services as boards
from leaderboard.models import Board
from leaderboard.queries import reads
from tests.factories.adoption import make_event, make_usage
from tests.factories.incentives import (
    MONDAY,
    actor,
    make_scheduled,
)
from tests.factories.people import make_absence, make_change, make_person, make_team, writing
from tests.factories.programme import make_programme

F = Fraction
DAY = timedelta(days=1)
WINDOW = timedelta(hours=72)
FOUR = [MONDAY + n * DAY for n in (0, 1, 7, 8)]
MONEY = (
    PrizePlan(title="Team dinner", place=1, cost_minor=50_000),
    PrizePlan(title="Breakfast", place=2, cost_minor=10_000),
)


def make_world():
    """Harbour: all four met; Ridge: two of four; Quay: nobody of three."""
    programme = make_programme(prize_allowance_minor=1_000_000)
    teams = [make_team(4, name="Harbour"), make_team(4, name="Ridge"), make_team(3, name="Quay")]
    for rep in (*teams[0].members, *teams[1].members[:2]):
        make_usage(programme, rep, FOUR)
    return programme, teams


def ops():
    """Somebody new from sales operations, as who acts."""
    return actor(make_person(role="sales_ops", enabled_on=None))


def fresh(contest):
    db.session.expire_all()
    return db.session.get(Contest, contest.id)


def tick(as_of):
    counts = jobs.open_close_contests(as_of)
    db.session.expire_all()
    return counts


def to_provisional(contest):
    row = fresh(contest)
    for instant in (row.starts_at, row.ends_at, row.grace_ends_at):
        tick(instant)
    row = fresh(contest)
    assert row.state == "provisional"
    return row


def to_final(contest):
    row = to_provisional(contest)
    tick(row.provisional_at + WINDOW)
    row = fresh(contest)
    assert row.state == "final"
    return row


def announce(contest, at):
    """Let every letter be through, so that its awards are announced."""
    with transaction():
        for letter in db.session.scalars(select(OutboxLetter)):
            letter.state = "sent"
    jobs.announce_awards(at)
    db.session.expire_all()
    assert {award.state for award in queries.awards(contest.id)} == {"announced"}


def places(contest):
    row = fresh(contest)
    found = reads.frozen_places(row.board_id, row.rev)
    return {place.unit: place.rank for place in found}


def standings(contest):
    """Every number of the live board."""
    row = fresh(contest)
    with transaction():
        boards.refresh(row.board_id, row.ends_at)
    board = db.session.get(Board, row.board_id)
    return boards.lines_now(board)


def letters(kind):
    return db.session.scalars(select(OutboxLetter).where(OutboxLetter.kind == kind)).all()


def declare(programme, source, until):
    with transaction():
        db.session.merge(
            UsageSource(
                programme_id=programme.id,
                source=source,
                latest_occurred_at=until,
                latest_received_at=until,
            )
        )


def away(reps):
    """A roster that was wrong all along: these were on leave."""
    with writing():
        for rep in reps:
            make_absence(rep, MONDAY, MONDAY + 20 * DAY)
            make_change(rep)


def held_award(programme, **given):
    """A person's award that waits because they have left."""
    who, boss = make_person(**given), make_person(role="manager", enabled_on=None)
    contest = to_final(make_scheduled(programme, prizes=MONEY[:1]))
    [other] = queries.awards(contest.id)
    with transaction():
        award = Award(
            source=f"contest:{contest.id}",
            rule=f"prize:{other.prize_id}",
            recipient=f"person:{who.id}",
            rev=1,
            title="Voucher",
            reason="1st place",
            state="proposed",
            currency=contest.currency,
            granted_at=contest.final_at,
            entry_key=f"award:contest:{contest.id}:prize:{other.prize_id}:person:{who.id}:1",
            contest_id=contest.id,
            prize_id=other.prize_id,
            person_id=who.id,
            place=1,
            amount_minor=700,
        )
        db.session.add(award)
        db.session.flush()
        award_steps.refill(award, 700, "test:funds", SYSTEM, contest.final_at)
        given = award_steps.begin(award, actor=SYSTEM, now=contest.final_at)
        ident = award.id
    assert boss
    db.session.expire_all()
    return db.session.get(Award, ident), contest, given


def fix(programme, rep, old, received_at, **given):
    """The next version of an event, as received then."""
    with writing():
        db.session.get(UsageEvent, old.id).superseded_at = received_at
    make_event(
        programme,
        rep,
        old.occurred_at,
        received_at=received_at,
        event_id=old.event_id,
        version=2,
        **given,
    )


def late_use(programme, teams, row):
    """Everybody of Quay and Ridge did it too; the events came long after the closing."""
    for rep in (*teams[2].members, *teams[1].members):
        for day in FOUR:
            moment = row.starts_at + (day - MONDAY) + timedelta(hours=15)
            make_event(programme, rep, moment, received_at=row.final_at + timedelta(hours=1))
