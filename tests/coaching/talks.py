"""A small world for talks: a team with something to talk about, prepared, and hands to act with."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from sqlalchemy import select

from coaching import services
from coaching.models import CoachingItem, CoachingMoment, CoachingStep
from core.db import db, transaction
from core.outbox import OutboxLetter
from tests.factories.adoption import make_deal, make_event, make_signal
from tests.factories.incentives import actor
from tests.factories.people import MadeTeam, make_team, writing
from tests.factories.programme import make_programme

DAY = timedelta(days=1)
WEEK = date(2026, 3, 16)
SLOT = datetime(2026, 3, 16, tzinfo=UTC)
MONDAY = datetime(2026, 3, 16, 10, tzinfo=UTC)
REVIEW = datetime(2026, 3, 23, 9, 30, tzinfo=UTC)
WORDS = "Run the sequence on it today, then ask for a date."


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


def miss(rep, on: date, amount: int = 30000, **given):
    """A signal of that date nobody answered."""
    deal = make_deal(rep, amount=Decimal(amount), account=given.pop("account", "Quill Marsh"))
    return make_signal(rep, deal, noon(on), **given)


def keep(owner, rep, on: date):
    """A signal answered the day after it fired."""
    signal = miss(rep, on)
    make_event(owner, rep, noon(on + DAY), kind=owner.due_action, object_id=signal.deal_key)
    return signal


@dataclass
class Talks:
    """A programme in UTC and a team each of whose reps missed two moments long ago."""

    owner: object
    team: MadeTeam

    @property
    def lead(self):
        return actor(self.team.lead)

    @property
    def reps(self):
        return self.team.members

    def prepare(self, week: date = WEEK, **given):
        with transaction():
            return services.prepare_week(
                self.owner.id, week, datetime.combine(week, time(), UTC), **given
            )

    def item(self, place: int = 0, week: date = WEEK) -> CoachingItem:
        """A rep's item of a week, anew from the database."""
        db.session.rollback()
        db.session.expire_all()
        return db.session.scalars(
            select(CoachingItem).where(
                CoachingItem.rep_id == self.reps[place].id, CoachingItem.week == week
            )
        ).one()

    def moments(self, place: int = 0, week: date = WEEK) -> list[CoachingMoment]:
        rows = select(CoachingMoment).where(CoachingMoment.item_id == self.item(place, week).id)
        return list(db.session.scalars(rows.order_by(CoachingMoment.position)))

    def hand_back(self, place: int = 0, week: date = WEEK, **given) -> CoachingItem:
        """The dearest moment picked and a next step handed back on that Monday at ten."""
        asked = {
            "words": WORDS,
            "actor": self.lead,
            "now": datetime.combine(week, time(10), UTC),
            "moment_id": self.moments(place, week)[0].id,
        } | given
        with transaction():
            services.hand_back(self.item_uid(place, week), **asked)
        return self.item(place, week)

    def item_uid(self, place: int = 0, week: date = WEEK) -> str:
        found = self.item(place, week).uid
        db.session.rollback()
        return found

    def steps(self, place: int = 0, week: date = WEEK) -> list[str]:
        item = self.item(place, week)
        rows = select(CoachingStep).where(CoachingStep.item_id == item.id)
        return [
            f"{row.event}:{row.to}" for row in db.session.scalars(rows.order_by(CoachingStep.id))
        ]


def make_talks(reps: int = 2, **given) -> Talks:
    """The world, with its week prepared."""
    values = {"launch_on": date(2026, 1, 5), "time_zone": "UTC", "weekly_decay": 0.2} | given
    with writing():
        owner = make_programme(**values)
        team = make_team(reps, name="Harbour")
        for rep in team.members:
            miss(rep, WEEK - 20 * DAY, 30000)
            miss(rep, WEEK - 21 * DAY, 9000, account="Otter Ltd")
            make_deal(rep, stage="won", closed_on=WEEK - 30 * DAY)
    talks = Talks(owner, team)
    talks.prepare()
    return talks


def letters(kind: str) -> list[OutboxLetter]:
    """The letters of the loop of one kind, oldest first."""
    db.session.rollback()
    rows = select(OutboxLetter).where(OutboxLetter.kind == f"coaching.{kind}")
    return list(db.session.scalars(rows.order_by(OutboxLetter.id)))
