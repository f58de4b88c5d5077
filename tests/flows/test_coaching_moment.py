"""Journey 5: a coaching moment, from a week of signals to what the next chance showed."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from coaching.models import CoachingItem, CoachingMoment, CoachingStep, Fix, Loop
from core import audit, scheduler
from core.db import db
from core.doors.jobs import declared
from core.outbox import OutboxLetter
from leaderboard.models import LoopWeek
from people.models import Person
from tests.conftest import Outbox
from tests.factories.adoption import make_deal, make_event, make_signal
from tests.factories.people import MadeTeam, make_membership, make_person, make_team
from tests.factories.programme import make_programme

DAY = timedelta(days=1)
HALF_A_DAY = timedelta(hours=12)
WEEK = 7 * DAY
LAUNCH = date(2026, 3, 2)
# Ten in the morning in New York, where the clocks changed the day before.
MONDAY = datetime(2026, 3, 9, 14, tzinfo=UTC)
WORDS = "Run the sequence on Bright Harbour before noon, then tell me what they answered."


class Loops:
    """A team of three in New York, whose Mondays one lives through one after the other."""

    def __init__(self, at: Callable[[datetime], None]) -> None:
        self.at, self.now = at, datetime(2026, 3, 1, 12, tzinfo=UTC)
        at(self.now)
        self.owner = make_programme(slug="csp", weekly_decay=0.2, launch_on=LAUNCH)
        self.team: MadeTeam = make_team(0, name="Harbour")
        self.boss = make_person(role="director", name="Dora Hale", enabled_on=None)
        self.lead = self.team.lead
        self.reps = {}
        for name in ("Ann Reed", "Bea Cole", "Cyd Moss"):
            rep = make_person(name=name)
            make_membership(rep, self.team)
            self.reps[name.split()[0]] = rep
        for number in range(40):
            stage = "won" if number % 4 == 0 else "lost"
            make_deal(self.reps["Bea"], stage=stage, closed_on=LAUNCH - 9 * DAY)
        with_boss = db.session.get_one(Person, self.lead.id)
        with_boss.manager_id = self.boss.id
        db.session.commit()

    def stall(self, rep: str, deal: str, day: date, *, ran: int | None = None, amount=9000) -> None:
        """A deal that went silent; the sequence was run on it so many days later, or never."""
        person = self.reps[rep]
        row = make_deal(person, deal_key=deal, account=f"{deal} Ltd", amount=amount)
        fired = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        make_signal(person, row, fired, signal_key=f"S-{deal}")
        if ran is not None:
            done_at = fired + ran * DAY + timedelta(hours=3)
            make_event(self.owner, person, done_at, kind="sequence_run", object_id=deal)

    def live(self, until: datetime) -> None:
        """Let the house run up to an instant, Monday by Monday as it would."""
        while self.now < until:
            step = min(until, self._next_monday())
            self.at(step)
            run_jobs(self.now, step)
            self.now = step

    def live_closely(self, until: datetime) -> None:
        """Let it run half a day at a time, as a house that is never down."""
        while self.now < until:
            self.live(min(until, self.now + HALF_A_DAY))

    def _next_monday(self) -> datetime:
        morning = self.now.replace(hour=14, minute=0) + (-self.now.weekday() % 7) * DAY
        return morning if morning > self.now else morning + WEEK

    def item(self, rep: str, week: date) -> CoachingItem:
        db.session.rollback()
        return db.session.scalars(
            select(CoachingItem).where(
                CoachingItem.rep_id == self.reps[rep].id, CoachingItem.week == week
            )
        ).one()

    def loop(self, week: date) -> Loop:
        db.session.rollback()
        return db.session.scalars(select(Loop).where(Loop.week == week)).one()


def run_jobs(since: datetime, until: datetime) -> None:
    holder = scheduler.take_lease("flow", until)
    assert holder is not None
    ran = scheduler.catch_up(declared(), since, until, holder)
    assert [run.error for run in ran if run.error] == []
    scheduler.give_up_lease(holder)


def shown(page) -> str:
    """What a page says, without its marks."""
    assert page.status_code == 200, page.text
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page.text)))


def dearest(item: CoachingItem) -> CoachingMoment:
    return db.session.scalars(
        select(CoachingMoment).where(
            CoachingMoment.item_id == item.id, CoachingMoment.position == 1
        )
    ).one()


def hand_back(manager: FlaskClient, item: CoachingItem, words: str = WORDS):
    return manager.post(
        "/coaching/hand-back",
        data={"item": item.uid, "moment": str(dearest(item).id), "words": words, "at": "09:30"},
    )


def counted() -> dict[str, int]:
    """How many rows the loop has of each kind, and how many letters there are."""
    db.session.rollback()
    kinds = (Loop, CoachingItem, CoachingMoment, CoachingStep, Fix, LoopWeek, OutboxLetter)
    return {
        kind.__name__: db.session.scalar(select(func.count()).select_from(kind)) or 0
        for kind in kinds
    }


@pytest.fixture
def world(app: Flask, at: Callable[[datetime], None]) -> Loops:
    """A week of signals: of four moments two were answered in time."""
    made = Loops(at)
    made.stall("Ann", "Bright Harbour", LAUNCH + DAY, amount=30000)
    made.stall("Ann", "Quick Answer", LAUNCH + 2 * DAY, ran=1)
    made.stall("Bea", "Old Mill", LAUNCH, amount=5000)
    made.stall("Cyd", "In Time", LAUNCH + DAY, ran=2)
    return made


def test_from_a_week_of_signals_to_what_the_next_chance_showed(
    world: Loops, outbox: Outbox, sign_in_as: Callable
) -> None:
    world.live(MONDAY)
    first, second = MONDAY.date(), MONDAY.date() + WEEK
    loop = world.loop(first)
    assert (loop.on_time, loop.due, loop.pending, loop.missed) == (2, 4, 0, 2)
    assert [each.state for each in items_of(first)] == ["number_shown"] * 3

    manager = sign_in_as(world.lead)
    page = shown(manager.get("/coaching"))
    assert "2 of 4" in page
    assert "Bright Harbour" in page
    ann = world.item("Ann", first)
    # 30,000 x (0 won + 10 x 25 %) / (0 + 10) x (1 - 0.8^(5/7)): five days to Sunday the 8th.
    assert dearest(ann).cost == pytest.approx(1105.01, abs=0.005)
    sent = hand_back(manager, ann)
    assert sent.status_code in {302, 303}, sent.text
    assert hand_back(manager, ann).status_code in {302, 303, 409}
    ann = world.item("Ann", first)
    assert (ann.state, ann.review_on) == ("coached", second)
    assert ann.review_at == datetime(2026, 3, 16, 13, 30, tzinfo=UTC)

    world.live(MONDAY + timedelta(minutes=30))
    read_and_acknowledge(outbox, sign_in_as(world.reps["Ann"]), ann)

    # The next chance: a deal goes silent on Wednesday, and this time the sequence is run.
    world.stall("Ann", "Second Chance", first + 2 * DAY, ran=1)
    world.live(MONDAY + WEEK)
    assert world.item("Ann", first).state == "due"
    world.live(MONDAY + WEEK + timedelta(minutes=30))
    reminded = outbox.letters(kind="coaching.review_today")
    assert {each.person_id for each in reminded} == {world.reps["Ann"].id, world.lead.id}
    assert {each.state for each in reminded} == {"captured"}

    manager = sign_in_as(world.lead)
    page = shown(manager.get("/coaching"))
    assert "Ann" in page
    marked = manager.post(f"/coaching/{ann.uid}/review", data={"back": "week"})
    assert marked.status_code in {302, 303}, marked.text
    ann = world.item("Ann", first)
    assert (ann.state, ann.outcome, ann.proof) == ("done", "done", "event")
    assert [each["deal_key"] for each in ann.evidence] == ["Second Chance"]

    # The next number is of the week in which it was done; Bea's week passed over to another rep.
    following = world.loop(second)
    assert (following.on_time, following.due) == (1, 1)
    assert "1 of 1" in shown(manager.get("/coaching"))
    bea = world.item("Bea", first)
    assert (bea.state, bea.missed_by) == ("closed", "not_picked")
    assert world.loop(first).outcome == "kept"
    world.live(MONDAY + 2 * WEEK)
    assert world.item("Ann", first).state == "closed"
    assert [row.is_kept for row in loop_weeks()][:1] == [True]

    everything = counted()
    run_jobs(datetime(2026, 3, 1, 12, tzinfo=UTC), world.now)
    assert counted() == everything
    assert audit.verify() is None


def read_and_acknowledge(outbox: Outbox, rep: FlaskClient, item: CoachingItem) -> None:
    """The rep alone gets the letter with the manager's words, reads them on the page, takes it."""
    (letter,) = outbox.letters(kind="coaching.your_next_step")
    assert letter.person_id == item.rep_id
    assert letter.state == "captured"
    assert WORDS in re.sub(r"\s+", " ", letter.text)
    assert WORDS in shown(rep.get(f"/coaching/{item.uid}"))
    assert rep.post(f"/coaching/{item.uid}/acknowledge").status_code in {302, 303}
    assert db.session.get_one(Fix, item.id).acknowledged_at is not None


def items_of(week: date) -> list[CoachingItem]:
    db.session.rollback()
    return list(db.session.scalars(select(CoachingItem).where(CoachingItem.week == week)))


def loop_weeks() -> list[LoopWeek]:
    db.session.rollback()
    return list(db.session.scalars(select(LoopWeek).order_by(LoopWeek.week)))


def test_not_done_and_no_chance_are_told_apart_and_neither_is_talked_away(
    world: Loops, sign_in_as: Callable
) -> None:
    """Ann misses her next chance; Bea has none, and somebody's word for her counts as a word."""
    world.live(MONDAY)
    first = MONDAY.date()
    manager = sign_in_as(world.lead)
    for rep in ("Ann", "Bea"):
        assert hand_back(manager, world.item(rep, first)).status_code in {302, 303}
    world.stall("Ann", "Missed Again", first + 2 * DAY)
    # Fired on Saturday: due on Tuesday only, so on Monday's review it is no chance yet.
    world.stall("Bea", "Too Fresh", first + 5 * DAY)
    early = manager.post(f"/coaching/{world.item('Ann', first).uid}/review", data={})
    assert early.status_code == 409
    world.live(MONDAY + WEEK)
    ann, bea = world.item("Ann", first), world.item("Bea", first)
    manager = sign_in_as(world.lead)
    refused = manager.post(
        f"/coaching/{ann.uid}/review",
        data={"statement": "1", f"words-{ann.uid}": "She says she did it."},
    )
    assert refused.status_code == 409, "nobody states what the data contradicts"
    assert manager.post(f"/coaching/{ann.uid}/review", data={}).status_code in {302, 303}
    assert manager.post(f"/coaching/{bea.uid}/review", data={}).status_code in {302, 303}
    ann, bea = world.item("Ann", first), world.item("Bea", first)
    assert (ann.state, ann.outcome, ann.proof) == ("not_done", "not_done", "event")
    assert (bea.state, bea.outcome, bea.proof) == ("not_done", "no_chance", None)
    page = shown(manager.get(f"/coaching/{bea.uid}"))
    assert "No chance yet" in page
    assert "Not done at the next chance" in shown(manager.get(f"/coaching/{ann.uid}"))
    # Ann's next week begins with what she missed, and follows on from this one.
    assert dearest(world.item("Ann", first + WEEK)).deal_key == "Missed Again"
    world.live(MONDAY + 2 * WEEK)
    assert world.item("Ann", first).next_item_id == world.item("Ann", first + WEEK).id


def test_a_word_where_no_chance_came_is_kept_as_a_word(world: Loops, sign_in_as: Callable) -> None:
    world.live(MONDAY)
    first = MONDAY.date()
    manager = sign_in_as(world.lead)
    assert hand_back(manager, world.item("Bea", first)).status_code in {302, 303}
    world.live(MONDAY + WEEK)
    bea, manager = world.item("Bea", first), sign_in_as(world.lead)
    data = {"statement": "1", f"words-{bea.uid}": "I sat beside her when she ran it."}
    answer = manager.post(f"/coaching/{bea.uid}/review", data=data)
    assert answer.status_code in {302, 303}, answer.text
    bea = world.item("Bea", first)
    assert (bea.state, bea.outcome, bea.proof) == ("done", "done", "statement")
    assert "said, not seen" in shown(manager.get(f"/coaching/{bea.uid}")).lower()


def test_a_skipped_week_and_a_skipped_review_stay_visible_as_skipped(
    world: Loops, outbox: Outbox, sign_in_as: Callable
) -> None:
    """Nobody is coached in the first week; in the second Ann is, and her review is forgotten."""
    first, second, third = (MONDAY.date() + number * WEEK for number in range(3))
    world.live(MONDAY + WEEK)
    assert world.loop(first).outcome == "skipped"
    ann = world.item("Ann", first)
    assert (ann.state, ann.missed_by, ann.outcome) == ("closed", "manager", None)
    assert db.session.scalar(select(func.count()).select_from(Fix)) == 0
    manager = sign_in_as(world.lead)
    assert hand_back(manager, ann).status_code in {404, 409, 410}, "that week is over"
    assert "skipped" in shown(manager.get("/coaching")).lower()
    rep = sign_in_as(world.reps["Ann"])
    assert "skipped" in shown(rep.get(f"/coaching/{ann.uid}")).lower()

    ann = world.item("Ann", second)
    assert dearest(ann).deal_key == "Bright Harbour", "it still waits for a talk"
    assert hand_back(manager, ann).status_code in {302, 303}
    # Due on Monday, to be marked until Wednesday is over in New York.
    world.live_closely(datetime(2026, 3, 26, 3, 45, tzinfo=UTC))
    assert world.item("Ann", second).state == "due"
    world.live(datetime(2026, 3, 26, 5, tzinfo=UTC))
    ann = world.item("Ann", second)
    assert (ann.state, ann.missed_by, ann.outcome) in {
        ("missed", "manager", None),
        ("closed", "manager", None),
    }
    late = sign_in_as(world.lead).post(f"/coaching/{ann.uid}/review", data={})
    assert late.status_code in {409, 410}, "never back-dated"
    world.live(MONDAY + 3 * WEEK)
    assert world.loop(second).outcome == "kept"
    assert world.loop(third).outcome == "skipped"
    told = outbox.letters(kind="coaching.review_missed")
    assert [each.person_id for each in told] == [world.lead.id]
    above = outbox.letters(kind="coaching.reviews_missed")
    assert [each.person_id for each in above] == [world.boss.id]
    assert not any(word in above[0].text for word in (WORDS, "Ann", "Bright Harbour"))
    assert [row.is_kept for row in loop_weeks()] == [False, True, False]
