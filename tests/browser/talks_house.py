"""A team in the middle of its loop, dated for today: `python -m tests.browser.talks_house`.

Dana leads four reps; last week she handed a fix to Owen, whose review is due this week.
"""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import click
from sqlalchemy import select

DAY = timedelta(days=1)
MANAGER, REP = "dana@example.org", "owen@example.org"
ACCOUNTS = ("Calder Freight", "Brightwell Dental", "Ostrava Foods", "Pell & Sons")


def build() -> None:
    """Fill the migrated database of the environment."""
    from coaching import services
    from coaching.models import CoachingItem, CoachingMoment
    from core.db import db, transaction
    from core.policy import Actor, Role
    from tests.factories.adoption import make_deal, make_event, make_signal
    from tests.factories.people import make_account, make_membership, make_person, make_team
    from tests.factories.programme import make_programme

    today = datetime.now(UTC).date()
    week = today - today.weekday() * DAY
    owner = make_programme(
        name="Relay", time_zone="UTC", weekly_decay=0.2, launch_on=week - 70 * DAY
    )
    dana = make_person(role="manager", name="Dana Whitfield", email=MANAGER, enabled_on=None)
    team = make_team(0, lead=dana, name="Switchyard")
    owen = make_person(name="Owen Gallagher", email=REP)
    reps = [owen, *(make_person(name=name) for name in ("Isaac Reyes", "Priti Shah", "Bea Koch"))]
    for rep in reps:
        make_membership(rep, team.team)
    for person in (dana, owen):
        make_account(person)
    for number in range(48):
        rep, account = reps[number % 4], ACCOUNTS[number % 4]
        fired = datetime.combine(week - (5 + number) * DAY, time(12), UTC)
        deal = make_deal(
            rep,
            account=account if number < 4 else f"Account {number}",
            amount=Decimal(1000 * (60 - number)),
            proposal_on=fired.date() - 3 * DAY,
        )
        make_signal(rep, deal, fired, dismissed_at=fired + DAY if number % 3 else None)
        if number % 4 == 2:
            done = fired + timedelta(hours=3)
            make_event(owner, rep, done, kind=owner.due_action, object_id=deal.deal_key)
    make_deal(owen, stage="won", closed_on=week - 30 * DAY)
    lead = Actor(person_id=dana.id, role=Role.MANAGER, name=dana.name)
    for monday in (week - 7 * DAY, week):
        slot = datetime.combine(monday, time(), UTC)
        with transaction():
            services.prepare_week(owner.id, monday, slot)
        if monday == week:
            break
        item = db.session.scalar(select(CoachingItem).where(CoachingItem.rep_id == owen.id))
        first = select(CoachingMoment.id).where(CoachingMoment.item_id == item.id)
        uid, moment = item.uid, db.session.scalar(first.order_by(CoachingMoment.position))
        db.session.rollback()
        with transaction():
            words = "Run or close: no more dismissing."
            services.hand_back(uid, moment, words, actor=lead, now=slot + timedelta(hours=10))
        with transaction():
            db.session.get(CoachingItem, item.id).state = "due"
    with transaction():
        services.count_coverage(owner.id, datetime.combine(week, time(), UTC))


if __name__ == "__main__":
    from app import create_app

    with click.Context(click.Command("tests")):
        house = create_app()
    with house.app_context():
        build()
