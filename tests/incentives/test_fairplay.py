"""The fair-play page: what each role sees, what the desk takes, what nobody else may."""

import csv
import hashlib
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from core import policy
from core.db import db, transaction
from core.policy import Role, Scope
from incentives import jobs
from incentives.forms.fairplay import chosen, moment_from
from incentives.models import Contest, ReviewFlag, UsageClaim
from incentives.queries import desk, fairplay
from incentives.services import claims, contests
from incentives.services.claims import Missing
from incentives.services.contests import PrizePlan
from leaderboard import services as boards
from leaderboard.rules.scoring import PointRule
from leaderboard.rules.standing import Mode
from tests.factories.adoption import make_event, make_usage
from tests.factories.incentives import BEFORE, MONDAY, actor, make_contest, make_scheduled
from tests.factories.people import make_absence, make_person, make_team, writing
from tests.factories.programme import make_programme

pytestmark = pytest.mark.sqlite_only
F = Fraction
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
TEN = datetime(2026, 3, 3, 15, tzinfo=UTC)
MIDWAY = datetime(2026, 3, 11, 15, tzinfo=UTC)
PAGE = "/contests/race/fair-play"
UNEVEN = [0, 9, 80, 95, 200, 211, 390, 400, 555, 570, 580, 590]
MATRIX = Path(policy.__file__).with_name("authz_matrix.csv")


class World:
    """A running contest with a sign about Ben of Harbour, whose lead reports to a director."""

    def __init__(self, freeze_hours=0):
        self.programme = make_programme(prize_allowance_minor=1_000_000)
        self.harbour, self.ridge = make_team(3, name="Harbour"), make_team(3, name="Ridge")
        self.ops = make_person(role="sales_ops", enabled_on=None, name="Olive Park")
        self.director = make_person(role="director", enabled_on=None)
        self.stranger = make_person(role="director", enabled_on=None)
        with writing():
            db.session.merge(self.harbour.lead).manager_id = self.director.id
            for rep in self.harbour.members:
                db.session.merge(rep).manager_id = self.harbour.lead.id
        self.ben, self.ada = self.harbour.members[0], self.ridge.members[0]
        self.contest = make_scheduled(
            self.programme,
            slug="race",
            title="Spring race",
            mode=Mode.TOTAL,
            rules=(PointRule("guided_use", F(10)),),
            freeze_hours=freeze_hours,
        )
        for number, offset in enumerate(UNEVEN):
            make_event(
                self.programme, self.ben, TEN + timedelta(seconds=offset), event_id=f"b{number}"
            )
        for rep in self.ridge.members:
            make_usage(self.programme, rep, [MONDAY + DAY, MONDAY + 2 * DAY])
        self.follow(MIDWAY)

    def follow(self, moment):
        jobs.open_close_contests(moment)
        with transaction():
            boards.refresh(self.contest.board_id, moment)
            boards.keep_snapshot_if_due(self.contest.board_id, moment)
        db.session.expire_all()

    def flag(self, moment=MIDWAY) -> ReviewFlag:
        jobs.look_at_everybody(moment)
        db.session.expire_all()
        return fairplay.flags(self.contest.id)[0]

    def claim(self, moment=MIDWAY) -> UsageClaim:
        with transaction():
            missing = Missing(kind="guided_use", occurred_at=TEN, text="See the mail of Tuesday.")
            made = claims.open_claim(self.contest.id, missing, actor=actor(self.ada), now=moment)
            return made.id


@pytest.fixture
def world(app, at):
    at(MIDWAY)
    return World()


def text_of(client, path=PAGE, status=200):
    answer = client.get(path)
    assert answer.status_code == status, path
    return answer.get_data(as_text=True)


# ---- what the page says -------------------------------------------------------------------------


def test_the_rules_stand_there_in_words_with_a_hash_anybody_can_recompute(world, sign_in_as):
    visitor = sign_in_as(world.ada)
    page = text_of(visitor)
    rules_hash = db.session.get(Contest, world.contest.id).rules_hash
    assert rules_hash in page
    assert "10 points: guided use" in page
    assert "All points of the team together." in page
    assert "Worked out again just now from the stored text: the same." in page
    exact = visitor.get(f"{PAGE}/rules.json").get_data()
    assert hashlib.sha256(exact).hexdigest() == rules_hash


def test_rules_changed_behind_the_hash_are_said_to_be_changed(world, sign_in_as):
    with writing():
        row = db.session.get(Contest, world.contest.id)
        row.terms = {**row.terms, "target_days": "1"}
    page = text_of(sign_in_as(world.ada))
    assert "not the same" in page


def test_every_term_is_said_in_words_or_shown_by_its_name(world):
    row = db.session.get(Contest, world.contest.id)
    row.terms = {**row.terms, "season": "Spring 2026", "minimum_share": "1/2"}
    said = dict(desk.rules_of(row).lines)
    assert (said["Season"], said["Minimum share"]) == ("Spring 2026", "1/2")
    db.session.rollback()


def test_who_signed_is_named_to_those_who_may_read_the_audit(world, sign_in_as):
    """Reps read the role; sales operations, executives and those concerned read the name."""
    with writing():
        db.session.get(Contest, world.contest.id).author_id = world.ops.id
    assert "Olive Park" in text_of(sign_in_as(world.ops))
    assert "Olive Park" in text_of(sign_in_as("executive"))
    rep = text_of(sign_in_as(world.ada))
    assert "Olive Park" not in rep
    assert "Sales operations" in rep


def test_events_that_came_too_late_are_counted_and_not_scored(world, sign_in_as, at):
    row = db.session.get(Contest, world.contest.id)
    make_event(
        world.programme, world.ada, TEN + HOUR, received_at=row.grace_ends_at + timedelta(seconds=1)
    )
    make_event(world.programme, world.ada, TEN + 2 * HOUR, received_at=row.grace_ends_at)
    row = db.session.get(Contest, world.contest.id)
    assert dict(fairplay.late_events(row)) == {world.ada.id: 1}
    at(row.grace_ends_at + HOUR)
    assert "1 of them yours" in text_of(sign_in_as(world.ada))


def test_deadlines_stand_in_the_readers_own_zone(world, sign_in_as):
    with writing():
        db.session.merge(world.ada).time_zone = "Europe/Berlin"
    page = text_of(sign_in_as(world.ada))
    assert "By your clock, Europe/Berlin." in page
    assert "Wed 18 Mar, 05:00" in page  # the grace ends at midnight in New York
    assert "Wed 18 Mar, 00:00" in text_of(sign_in_as(world.ben))


def test_a_page_with_nothing_on_it_says_what_would_stand_there(app, at, sign_in_as):
    at(MIDWAY - 30 * DAY)
    programme = make_programme()
    make_team(3), make_team(3)
    make_scheduled(programme, slug="race", now=MIDWAY - 30 * DAY)
    page = text_of(sign_in_as("sales_ops"))
    assert "Nothing was noticed" in page
    assert "No result yet" in page
    assert "Nobody has claimed or doubted anything." in page


# ---- replay -------------------------------------------------------------------------------------


def test_the_standings_replay_at_a_moment_typed_on_the_readers_clock(world, sign_in_as):
    visitor = sign_in_as(world.ada)
    before = text_of(visitor, f"{PAGE}?at=2026-03-03T10:00")
    assert '<td class="num" data-l="Points">10</td>' in before
    after = text_of(visitor, f"{PAGE}?at=2026-03-03T10:10")
    assert '<td class="num" data-l="Points">120</td>' in after


@pytest.mark.parametrize(
    "typed", ["2026-03-12T10:00", "1999-01-01T00:00", "yesterday", "2026-99-99T00:00", "\0"]
)
def test_a_moment_that_cannot_be_shown_is_refused_in_words(world, sign_in_as, typed):
    page = text_of(sign_in_as(world.ada), f"{PAGE}?at={typed}")
    assert 'aria-invalid="true"' in page
    assert "Standings on" not in page


def test_typed_moments_across_a_clock_change():
    assert moment_from("2026-03-08T02:30", "America/New_York", field="at") == datetime(
        2026, 3, 8, 7, 30, tzinfo=UTC
    )
    assert moment_from("2026-11-01T01:30", "America/New_York", field="at") == datetime(
        2026, 11, 1, 5, 30, tzinfo=UTC
    )
    assert moment_from("  ", "America/New_York", field="at") is None


def test_ticked_events_are_read_by_their_number():
    keys = [("crm", "a"), ("crm", "b")]
    assert chosen(["1"], keys) == {("crm", "b")}
    assert chosen(["0", "1", "1"], keys) == set(keys)
    assert chosen(["2", "-1", "x", "9" * 40, ""], keys) == frozenset()


# ---- results kept -------------------------------------------------------------------------------


def test_every_result_is_kept_with_why_and_what_it_changed(world, sign_in_as, at):
    flag = world.flag()
    row = db.session.get(Contest, world.contest.id)
    for moment in (row.ends_at, row.grace_ends_at):
        world.follow(moment)
    decided = row.grace_ends_at + HOUR
    at(decided)
    visitor = sign_in_as(world.ops)
    done = visitor.post(
        f"{PAGE}/signs/{flag.id}",
        data={"do": "hold", "reason": "A script.", "event": [str(n) for n in range(12)]},
    )
    assert done.status_code == 302
    at(decided + HOUR)
    world.follow(decided + HOUR)
    found = desk.revisions(db.session.get(Contest, world.contest.id), with_places=True)
    assert [(each.rev, each.reason) for each in found] == [
        (2, "events under review"),
        (1, "First result"),
    ]
    assert [(s.unit, s.was, s.rank) for s in found[0].changes] == [
        ("Ridge", 2, 1),
        ("Harbour", 1, 2),
    ]
    page = text_of(sign_in_as(world.ada))
    assert "Revision 2" in page
    assert "2nd before, now 1st" in page


# ---- who sees what ------------------------------------------------------------------------------


def test_signs_are_seen_by_sales_ops_and_directors_above(world, sign_in_as):
    flag = world.flag()
    sign = f"{PAGE}/signs/{flag.id}"
    for person in (world.ops, world.director):
        visitor = sign_in_as(person)
        assert world.ben.name in text_of(visitor).split('id="rules"')[0]
        assert "12 events" in text_of(visitor, sign)
    far = sign_in_as(world.stranger)
    assert "Nothing was noticed" in text_of(far)
    assert far.get(sign).status_code == 404
    for who in (world.ben, world.ada, world.harbour.lead, "executive", "admin"):
        visitor = sign_in_as(who)
        assert visitor.get(sign).status_code == 403
        assert visitor.post(sign, data={"do": "clear", "reason": "No."}).status_code == 403
        assert 'id="signs"' not in text_of(visitor)
    db.session.expire_all()
    assert db.session.get(ReviewFlag, flag.id).state == "open"


def test_a_sign_of_another_contest_is_not_at_this_address(world, sign_in_as):
    flag = world.flag()
    make_scheduled(world.programme, slug="other")
    visitor = sign_in_as(world.ops)
    assert visitor.get(f"/contests/other/fair-play/signs/{flag.id}").status_code == 404
    assert visitor.get(f"{PAGE}/signs/999999").status_code == 404


def test_the_desk_holds_the_events_ticked_and_releases_them(world, sign_in_as):
    flag, visitor = world.flag(), sign_in_as(world.ops)
    sign = f"{PAGE}/signs/{flag.id}"
    visitor.post(sign, data={"do": "hold", "reason": "A script?", "event": ["0", "1", "2"]})
    db.session.expire_all()
    assert sum(fairplay.held_counts(db.session.get(Contest, world.contest.id)).values()) == 3
    page = text_of(visitor, sign)
    assert page.count("Held</span>") == 3
    assert "A script?" in page
    own = text_of(sign_in_as(world.ben))
    assert "3 of them yours" in own
    assert "A script?" not in own
    visitor.post(sign, data={"do": "release", "reason": "It was a workshop."})
    db.session.expire_all()
    assert db.session.get(ReviewFlag, flag.id).state == "released"
    assert fairplay.held_counts(db.session.get(Contest, world.contest.id)) == {}


@pytest.mark.parametrize(
    "sent",
    [
        {"do": "hold", "reason": "None ticked."},
        {"do": "hold", "reason": " ", "event": "0"},
        {"do": "uphold", "reason": "Not held yet."},
        {"do": "burn", "reason": "No such thing."},
        {},
    ],
)
def test_a_decision_that_cannot_be_taken_is_said_and_changes_nothing(world, sign_in_as, sent):
    flag, visitor = world.flag(), sign_in_as(world.ops)
    answer = visitor.post(f"{PAGE}/signs/{flag.id}", data=sent, follow_redirects=True)
    assert answer.status_code == 200
    assert "toast" in answer.get_data(as_text=True)
    db.session.expire_all()
    assert db.session.get(ReviewFlag, flag.id).state == "open"


def test_a_rep_claims_and_reads_the_answer(world, sign_in_as):
    ada = sign_in_as(world.ada)
    sent = {"kind": "guided_use", "occurred_at": "2026-03-04T09:30", "text": "The Baxter deal."}
    ada.post(f"{PAGE}/claims", data=sent)
    db.session.expire_all()
    [made] = fairplay.claims(world.contest.id)
    assert made.occurred_at == datetime(2026, 3, 4, 14, 30, tzinfo=UTC)
    assert "The Baxter deal." in text_of(ada)
    assert "The Baxter deal." not in text_of(sign_in_as(world.ben))
    ops = sign_in_as(world.ops)
    assert "The Baxter deal." in text_of(ops)
    ops.post(f"{PAGE}/claims/{made.id}", data={"accept": "1", "answer": "Found it in the log."})
    assert "Found it in the log." in text_of(ada)
    db.session.expire_all()
    assert db.session.get(UsageClaim, made.id).state == "accepted"


@pytest.mark.parametrize("typed", ["", "soon", "2026-03-12T09:30"])
def test_a_claim_without_a_moment_is_refused(world, sign_in_as, typed):
    sent = {"kind": "guided_use", "occurred_at": typed, "text": "The Baxter deal."}
    answer = sign_in_as(world.ada).post(f"{PAGE}/claims", data=sent, follow_redirects=True)
    assert answer.status_code == 200
    assert fairplay.claims(world.contest.id) == ()


def test_open_claims_and_doubts_are_counted_on_the_contest_page(world, sign_in_as):
    visitor = sign_in_as(world.ops)
    assert "Check it yourself" in text_of(visitor, "/contests/race")
    world.claim()
    assert "1 open" in text_of(visitor, "/contests/race")


# ---- the matrix ---------------------------------------------------------------------------------

ROLES = {
    "rep": Role.REP,
    "manager": Role.MANAGER,
    "director": Role.DIRECTOR,
    "salesops": Role.SALES_OPS,
    "exec": Role.EXECUTIVE,
    "admin": Role.ADMIN,
}


def cells(action):
    """role -> scope as the matrix file says it."""
    with MATRIX.open(encoding="utf-8", newline="") as file:
        [row] = [row for row in csv.DictReader(file) if row["action"] == action]
    return {role: Scope(row[column].split("+")[0]) for column, role in ROLES.items()}


@pytest.mark.parametrize("role", list(Role))
def test_each_role_meets_the_matrix_at_every_door_of_the_desk(world, sign_in_as, role):
    """A door answers 403 exactly where the matrix has no scope; 404 where it does not reach."""
    flag, claim_id = world.flag(), world.claim()
    visitor = sign_in_as(str(role))
    doors = [
        ("contest.rules_view", visitor.get(PAGE)),
        ("contest.rules_view", visitor.get(f"{PAGE}/rules.json")),
        ("event.hold", visitor.get(f"{PAGE}/signs/{flag.id}")),
        ("event.hold", visitor.post(f"{PAGE}/signs/{flag.id}", data={"do": "none"})),
        ("contest.dispute_open", visitor.post(f"{PAGE}/claims", data={})),
        ("contest.dispute_decide", visitor.post(f"{PAGE}/claims/{claim_id}", data={})),
    ]
    for action, answer in doors:
        scope = cells(action)[role]
        if scope is Scope.NONE:
            assert answer.status_code == 403, (action, role)
        elif scope is Scope.TREE and action != "contest.dispute_open":
            assert answer.status_code == 404, (action, role)
        else:
            assert answer.status_code in {200, 302}, (action, role)
    db.session.expire_all()
    assert len(fairplay.claims(world.contest.id)) == 1
    assert db.session.get(ReviewFlag, flag.id).state == "open"


def test_nobody_signed_in_sees_nothing(world, client):
    assert client.get(PAGE).status_code in {302, 401}
    assert client.get(f"{PAGE}/rules.json").status_code in {302, 401}


def test_a_draft_has_no_fair_play_page_for_others(world, sign_in_as):
    with writing():
        db.session.get(Contest, world.contest.id).state = "draft"
    visitor = sign_in_as(world.ada)
    assert visitor.get(PAGE).status_code == 404
    assert visitor.get(f"{PAGE}/rules.json").status_code == 404


def test_absences_are_words_without_a_reason_and_only_for_those_concerned(world, sign_in_as):
    make_absence(world.ben, MONDAY, MONDAY + 2 * DAY)
    own = text_of(sign_in_as(world.ben))
    assert "3 days away." in own
    lead = text_of(sign_in_as(world.harbour.lead))
    assert "3 days away." in lead
    assert "3 days away." not in text_of(sign_in_as(world.ridge.lead))
    assert "3 days away." not in text_of(sign_in_as(world.ada))


def test_a_doubt_goes_through_the_door_and_is_answered(world, sign_in_as, at):
    row = db.session.get(Contest, world.contest.id)
    for moment in (row.ends_at, row.grace_ends_at):
        world.follow(moment)
    at(row.grace_ends_at + HOUR)
    ada = sign_in_as(world.ada)
    ada.post("/contests/race/doubt", data={"text": "Ridge had a tenth day."})
    [doubt] = desk.doubts_of(world.contest.id, world.ada.id)
    assert "Ridge had a tenth day." in text_of(ada)
    assert "Ridge had a tenth day." not in text_of(sign_in_as(world.ben))
    sign_in_as(world.ops).post(
        f"/contests/race/doubt/{doubt.id}", data={"upheld": "0", "answer": "It was a holiday."}
    )
    assert "It was a holiday." in text_of(ada)


def test_sales_ops_are_told_on_their_first_page_what_waits(world, sign_in_as):
    visitor = sign_in_as(world.ops)
    assert "open question" not in text_of(visitor, "/")
    world.flag()
    world.claim()
    assert "Spring race: 2 open questions." in text_of(visitor, "/")
    assert "open questions" not in text_of(sign_in_as(world.ada), "/")


def test_a_result_that_waits_for_a_signature_is_signed_on_the_page(world, sign_in_as, at):
    """The author leads the winning team and no other person has signed for the prize."""
    lead = actor(world.harbour.lead)
    prize = PrizePlan(title="Dinner", place=1, cost_minor=50_000)
    contest = make_contest(
        world.programme,
        by=lead,
        slug="own",
        title="Own race",
        mode=Mode.TOTAL,
        rules=(PointRule("guided_use", F(10)),),
        prizes=(prize,),
    )
    with transaction():
        contests.launch(contest.id, actor=lead, now=BEFORE)
    row = db.session.get(Contest, contest.id)
    due = row.grace_ends_at + timedelta(hours=73)
    for moment in (row.starts_at, row.ends_at, row.grace_ends_at, due):
        jobs.open_close_contests(moment)
    with transaction():
        db.session.get(Contest, world.contest.id).state = "archived"
    at(due)
    assert "waits for your signature" not in text_of(
        sign_in_as(world.ada), "/contests/own/fair-play"
    )
    visitor = sign_in_as(world.ops)
    assert "Own race waits for your signature." in text_of(visitor, "/")
    assert "It waits for your signature." in text_of(visitor, "/contests/own/fair-play")
    visitor.post("/contests/own/step", data={"to": "final"})
    db.session.expire_all()
    assert db.session.get(Contest, contest.id).state == "final"
    assert "signature" not in text_of(visitor, "/")
