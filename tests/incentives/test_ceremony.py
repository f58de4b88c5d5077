"""A ceremony over a real database: who hears what when, what happens once, what releases itself."""

from datetime import timedelta
from fractions import Fraction

import pytest
from sqlalchemy import func, select

from core import audit
from core.db import db, transaction
from core.errors import Conflict, Invalid, NotAllowed
from core.outbox import OutboxLetter
from core.settings import settings
from incentives import jobs, queries
from incentives.models import Award, Ceremony, CeremonyReveal, Contest
from incentives.queries import ceremony as ceremonies
from incentives.rules.ceremony import certificate_number
from incentives.services import awards, ceremony, contests, steering
from incentives.services.contests import PrizePlan
from tests.factories.adoption import make_usage
from tests.factories.incentives import BEFORE, MONDAY, actor, make_contest
from tests.factories.people import make_person, make_team
from tests.factories.programme import make_programme

DAY = timedelta(days=1)
DAYS = [MONDAY + n * DAY for n in (0, 1, 7, 8)]
PODIUM = (
    PrizePlan(title="Team dinner", place=1, cost_minor=50_000),
    PrizePlan(title="Breakfast", place=2, cost_minor=10_000),
    PrizePlan(title="Cake", place=None, cost_minor=2_000),
)


class World:
    """Three teams, a contest decided under the seal of a ceremony, and its host."""

    def __init__(self, *, freeze_hours=24):
        programme = make_programme(prize_allowance_minor=1_000_000)
        self.teams = [
            make_team(5, name="Harbour"),
            make_team(4, name="Ridge"),
            make_team(3, name="Quay"),
        ]
        # Harbour is behind until the snapshot and wins in the last hours.
        for rep in self.teams[1].members[:3]:
            make_usage(programme, rep, DAYS)
        for rep in self.teams[0].members:
            make_usage(programme, rep, [*DAYS[:3], MONDAY + 13 * DAY])
        self.ops = actor(make_person(role="sales_ops", enabled_on=None))
        self.lead = actor(self.teams[0].lead)
        self.contest = make_contest(
            programme, by=self.ops, prizes=PODIUM, goal=Fraction(3, 4), freeze_hours=freeze_hours
        )
        with transaction():
            contests.launch(self.contest.id, actor=self.ops, now=BEFORE)
        self.slug = self.row.slug
        self.at = self.row.grace_ends_at + timedelta(days=5)

    @property
    def row(self) -> Contest:
        db.session.expire_all()
        return db.session.get(Contest, self.contest.id)

    @property
    def held(self) -> Ceremony:
        db.session.expire_all()
        return ceremonies.ceremony_of(self.contest.id)

    def plan(self, **given):
        with transaction():
            ceremony.plan(self.slug, self.at, **{"actor": self.ops, "now": BEFORE, **given})

    def decide(self):
        row = self.row
        for at in (row.starts_at, row.ends_at, row.grace_ends_at):
            jobs.open_close_contests(at)
        jobs.open_close_contests(row.grace_ends_at + timedelta(hours=72))
        assert self.row.state == "final"

    def begin(self):
        with transaction():
            ceremony.begin(self.slug, actor=self.ops, now=self.at)

    def forward(self, from_position, by=None):
        with transaction():
            ceremony.forward(self.slug, from_position, actor=by or self.ops, now=self.at)

    def told(self):
        """Kind -> how many letters of results and thanks there are."""
        kinds = ("incentives.won", "incentives.led", "incentives.result")
        rows = db.session.execute(
            select(OutboxLetter.kind, func.count())
            .where(OutboxLetter.kind.in_(kinds))
            .group_by(OutboxLetter.kind)
        )
        return {kind.removeprefix("incentives."): count for kind, count in rows}


@pytest.fixture
def world(app):
    return World()


def test_winners_are_shown_from_the_goal_to_the_first(world):
    world.plan()
    world.decide()
    shown = ceremonies.winners(world.row, ceremonies.screens_of(world.row))
    assert [(each.name, each.reason.partition(", ")[2]) for each in shown] == [
        ("Harbour", "reached the goal"),
        ("Ridge", "second place"),
        ("Harbour", "first place"),
    ]


def test_nobody_hears_of_it_before_the_reveal_and_everybody_once_after(world):
    world.plan()
    world.decide()
    assert world.told() == {}
    assert queries.thanks() == ()
    assert queries.team_awards() == ()
    with transaction():
        assert awards.announce_due(world.at) == 0
    world.begin()
    screens = ceremonies.screens_of(world.row)
    assert screens[0].name == "Harbour"
    world.forward(0)
    # The cake is shown; the dinner of the same team is not, so its letter waits.
    assert [award.prize for award in queries.team_awards()] == ["Cake"]
    assert world.told() == {}
    for position in range(1, len(screens)):
        world.forward(position)
    assert world.held.state == "revealed"
    assert world.told() == {"won": 9, "led": 2, "result": 4}
    world.forward(len(screens))
    assert world.held.position == len(screens) + 1
    assert world.told() == {"won": 9, "led": 2, "result": 4}
    assert {award.title for award in db.session.scalars(select(Award)) if award.is_sealed} == set()
    assert audit.verify() is None


def test_two_hosts_clicking_at_once_reveal_once(world):
    world.plan()
    world.decide()
    world.begin()
    second = actor(make_person(role="sales_ops", enabled_on=None))
    world.forward(0)
    world.forward(0, by=second)
    assert world.held.position == 1
    assert db.session.scalar(select(func.count()).select_from(CeremonyReveal)) == 1


def test_going_back_unreveals_nobody(world):
    world.plan()
    world.decide()
    world.begin()
    world.forward(0)
    world.forward(1)
    with transaction():
        ceremony.back(world.slug, 2, actor=world.ops, now=world.at)
    assert world.held.position == 1
    assert len(ceremonies.revealed(world.held.id)) == 2
    world.forward(1)
    assert len(ceremonies.revealed(world.held.id)) == 2


def test_a_crash_between_reveals_leaves_whole_reveals(world, monkeypatch):
    world.plan()
    world.decide()
    world.begin()
    world.forward(0)
    told = awards.tell_winners

    def dies(*_args, **_given):
        raise RuntimeError("the power went")

    monkeypatch.setattr(awards, "tell_winners", dies)
    with pytest.raises(RuntimeError, match="power"):
        world.forward(1)
    at = world.held.position
    assert at == len(ceremonies.revealed(world.held.id)) == 1
    monkeypatch.setattr(awards, "tell_winners", told)
    for position in range(at, 5):
        world.forward(position)
    assert world.held.state == "revealed"
    assert world.told() == {"won": 9, "led": 2, "result": 4}


def test_results_nobody_shows_open_by_themselves(world):
    world.plan(release_days=7)
    world.decide()
    assert jobs.open_forgotten_results(world.at + 7 * DAY - timedelta(seconds=1)) == {"opened": 0}
    assert world.told() == {}
    assert jobs.open_forgotten_results(world.at + 7 * DAY) == {"opened": 1}
    assert world.held.state == "released"
    assert world.told() == {"won": 9, "led": 2, "result": 4}
    assert len(queries.team_awards()) == 3
    assert jobs.open_forgotten_results(world.at + 30 * DAY) == {}


def test_a_contest_called_off_seals_nothing(world):
    world.plan()
    with transaction():
        steering.cancel(world.contest.id, "No budget", actor=world.ops, now=BEFORE)
    assert jobs.open_forgotten_results(BEFORE) == {"opened": 1}
    assert world.held.state == "released"


def test_done_without_after_all_everybody_hears_at_once(world):
    world.plan()
    world.decide()
    with transaction():
        ceremony.call_off(world.slug, actor=world.ops, now=world.at)
    assert world.told() == {"won": 9, "led": 2, "result": 4}


def test_only_who_runs_it_plans_it_and_only_a_host_holds_it(world):
    rep = actor(world.teams[1].members[0])
    with pytest.raises(NotAllowed), transaction():
        ceremony.plan(world.slug, world.at, actor=rep, now=BEFORE)
    world.plan(host_id=world.lead.person_id)
    world.decide()
    with pytest.raises(NotAllowed), transaction():
        ceremony.begin(world.slug, actor=rep, now=world.at)
    with transaction():
        ceremony.begin(world.slug, actor=world.lead, now=world.at)
    assert world.held.state == "open"


def test_it_is_planned_in_time_and_opened_over_a_decided_contest(world):
    with pytest.raises(Invalid), transaction():
        ceremony.plan(world.slug, world.row.ends_at, actor=world.ops, now=BEFORE)
    world.plan()
    with pytest.raises(Conflict), transaction():
        ceremony.begin(world.slug, actor=world.ops, now=BEFORE)
    world.decide()
    with pytest.raises(Conflict), transaction():
        ceremony.plan(world.slug, world.at + DAY, actor=world.ops, now=world.at)
    with pytest.raises(Conflict), transaction():
        ceremony.forward(world.slug, 0, actor=world.ops, now=world.at)


def test_a_number_is_genuine_before_and_after_and_says_nothing_else(world, client):
    world.plan()
    world.decide()
    paper = ceremonies.papers(world.row, for_people=False)[-1]
    number = certificate_number(paper.subject, settings().secret_key.encode())
    answer = client.get(f"/verify/{number}")
    assert (answer.status_code, "is genuine" in answer.text) == (200, True)
    assert paper.name not in answer.text
    forged = client.get(f"/verify/{number[:-1]}{'A' if number[-1] != 'A' else 'B'}")
    assert (forged.status_code, "is genuine" in forged.text) == (404, False)
    with transaction():
        db.session.get(Award, int(paper.subject[1:])).state = "reversed"
    assert client.get(f"/verify/{number}").status_code == 404
