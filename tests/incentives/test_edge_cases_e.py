"""Case 36, its ceremony part: until the reveal no address of the app tells who won, to anybody.

The walk asks every address there is. The team that wins does so after the board is hidden, so its
final numbers occur nowhere before. That the walk sees a leak is proved by walking after the reveal.
"""

import html
import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.db import db, transaction
from core.outbox import OutboxLetter
from core.policy import Role
from incentives import jobs
from incentives.models import Award
from incentives.services import ceremony, contests
from leaderboard import jobs as board_jobs
from leaderboard.models import Board
from tests.factories.adoption import make_usage
from tests.factories.incentives import BEFORE, MONDAY, actor, make_contest
from tests.factories.people import make_person, make_team
from tests.factories.programme import make_programme
from tests.incentives.test_ceremony import PODIUM

DAY = timedelta(days=1)
# Seven of Harbour reach their target in the last hours; nobody else is seven.
TELLS = (
    r"\b7 of 7\b",
    r"Harbour won",
    r"Harbour: Team dinner",
    r"Spring race: Team dinner",
    r"Harbour (is|stands|came) (1st|first)",
    r"1st place, 7",
    r"(?:^|[^0-9])1 Harbour\b",
    r"Harbour Team dinner",
    r'"participants": ?7\b',
    r"\b1,(?:[^,\n]*,)?Harbour\b",
    r"\bHarbour,1,",
)
MAY_KNOW = {Role.SALES_OPS}
# The fold's own test and the letters of strangers say nothing of contests.
LEFT_OUT = {"static"}


class Walk:
    """The whole app as different people see it."""

    def __init__(self, app, sign_in_as, world):
        self.app, self.world = app, world
        self.visitors = {role: sign_in_as(person) for role, person in world["people"].items()}
        self.visitors["stranger"] = app.test_client()
        self.visitors["winner"] = sign_in_as(world["winner"])

    def addresses(self):
        """Every address a GET reaches, with whatever is known put in its place."""
        given = {
            "slug": [self.world["slug"], "harbour", "ridge"],
            "key": [self.world["winner"].key, self.world["people"][Role.REP].key],
            "award_id": self.world["awards"],
            "flag_id": [1],
            "letter_id": [1],
            "run_id": [1],
            "name": ["sustained_rate", "active_reps", "contests"],
        }
        for rule in self.app.url_map.iter_rules():
            if "GET" not in rule.methods or rule.endpoint in LEFT_OUT:
                continue
            choices = [{}]
            for name in sorted(rule.arguments):
                choices = [
                    {**chosen, name: value}
                    for chosen in choices
                    for value in given.get(name, ["x"])
                ]
            for chosen in choices:
                with self.app.test_request_context():
                    yield rule.endpoint, rule.build(chosen)[1]

    def told(self):
        """(who, endpoint) of every answer that tells who won."""
        found = set()
        for endpoint, address in self.addresses():
            for more in ("", "?all=1", "?unit=Harbour", "?unit=Harbour&all=1&at=2026-03-25T12:00"):
                if more and not re.match(r"/(contests|boards|api/v1/contests)", address):
                    continue
                for who, visitor in self.visitors.items():
                    answer = visitor.get(address + more)
                    text = answer.get_data(as_text=True)
                    if answer.status_code < 400 and tells(text):
                        found.add((str(who), endpoint))
        return found


def tells(text):
    """Whether the words of an answer, without its marks, say who won."""
    plain = re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", text)))
    return any(re.search(tell, plain) for tell in TELLS)


@pytest.fixture
def world(app):
    """Harbour comes from behind after the board was hidden, and wins under the seal."""
    programme = make_programme(prize_allowance_minor=1_000_000)
    teams = [make_team(7, name="Harbour"), make_team(4, name="Ridge"), make_team(3, name="Quay")]
    for rep in teams[1].members[:3]:
        make_usage(programme, rep, [MONDAY + n * DAY for n in (0, 1, 7, 8)])
    ops = make_person(role="sales_ops", enabled_on=None)
    people = {
        Role.REP: teams[2].members[0],
        Role.MANAGER: teams[1].lead,
        Role.DIRECTOR: make_person(role="director", enabled_on=None),
        Role.EXECUTIVE: make_person(role="executive", enabled_on=None),
        Role.ADMIN: make_person(role="admin", enabled_on=None),
        Role.SALES_OPS: ops,
    }
    by = actor(ops)
    # Hidden for its last four days, on which Harbour comes up.
    contest = make_contest(
        programme, by=by, prizes=PODIUM, freeze_hours=24 * 4, title="Spring race", slug="spring"
    )
    with transaction():
        contests.launch(contest.id, actor=by, now=BEFORE)
        at = contest.grace_ends_at + 5 * DAY
        ceremony.plan("spring", at, actor=by, now=BEFORE)
        instants = [contest.starts_at, contest.ends_at, contest.grace_ends_at]
        hides = db.session.get(Board, contest.board_id).hides_at
    board_jobs.refresh_boards(hides)
    for rep in teams[0].members:
        days = [MONDAY + n * DAY for n in (10, 11, 12, 13)]
        make_usage(programme, rep, days)
    for instant in [*instants, instants[-1] + 3 * DAY]:
        jobs.open_close_contests(instant)
    awards = list(db.session.scalars(select(Award.id)))
    assert len(awards) == 2
    return {
        "slug": "spring",
        "people": people,
        "winner": teams[0].members[0],
        "by": by,
        "at": at,
        "awards": awards,
    }


def reveal_all(world):
    with transaction():
        ceremony.begin("spring", actor=world["by"], now=world["at"])
    for position in range(2):
        with transaction():
            ceremony.forward("spring", position, actor=world["by"], now=world["at"])


@pytest.mark.timeout(600)
@pytest.mark.sqlite_only
def test_case_36_no_address_tells_who_won_before_the_ceremony(app, sign_in_as, at, world):
    at(world["at"])
    walk = Walk(app, sign_in_as, world)
    early = walk.told()
    assert {told for told in early if told[0] not in MAY_KNOW} == set()
    # Who may know does, so the search finds what there is to find.
    assert ("sales_ops", "incentives.contest") in early
    letters = db.session.scalars(select(OutboxLetter).where(OutboxLetter.created_at > BEFORE))
    assert [x.subject for x in letters if tells(f"{x.subject} {x.text}")] == []
    reveal_all(world)
    late = walk.told()
    for endpoint in (
        "incentives.contest",
        "incentives.board",
        "incentives.awards",
        "incentives.ceremony",
        "incentives_api.standings",
        "leaderboard.board",
        "leaderboard.board_csv",
    ):
        assert (str(Role.MANAGER), endpoint) in late, endpoint


@pytest.mark.timeout(600)
@pytest.mark.sqlite_only
def test_case_36_the_walk_goes_red_when_a_surface_forgets(app, sign_in_as, at, world, monkeypatch):
    monkeypatch.setattr("leaderboard.queries.reads.is_hidden", lambda board, now: False)
    at(world["at"])
    walk = Walk(app, sign_in_as, world)
    seen = {endpoint for who, endpoint in walk.told() if who not in MAY_KNOW}
    assert {"incentives.contest", "incentives_api.standings", "leaderboard.board"} <= seen
