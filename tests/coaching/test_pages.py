"""The pages of the loop: what each role is shown and may do, and what a refused form keeps."""

import re
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import event, select, update

from coaching import services
from coaching.models import CoachingItem, CoachingNote, Fix, Loop, SetDay
from coaching.queries import pages
from core.db import db, transaction
from people.models import Deputy, SecondLead
from tests.coaching.talks import DAY, MONDAY, REVIEW, WEEK, WORDS, keep, make_talks, miss
from tests.factories.incentives import actor
from tests.factories.people import make_membership, make_person, make_team, writing

SECRET = "Zanzibar by noon, then a date."


@pytest.fixture
def talks(app, at):
    at(MONDAY)
    return make_talks(reps=3)


def text_of(answer):
    """What a page says, without its tags."""
    page = answer.get_data(as_text=True)
    text = re.sub(r"<(script|style|svg).*?</\1>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text)).replace("&#39;", "'")


def picked(page):
    """The number of the moment whose panel is open."""
    return re.search(
        r'name="moment" value="(\d+)"><?', page.get_data(as_text=True).partition('id="moment"')[2]
    )[1]


def fields(talks, place=0, **given):
    """What the page's form sends."""
    moment = talks.moments(place)[0]
    values = {"item": talks.item_uid(place), "moment": moment.id, "words": SECRET, "at": "09:30"}
    db.session.rollback()
    return values | given


@pytest.fixture
def coached(talks):
    """The first rep has a fix with words nobody could guess."""
    talks.hand_back(words=SECRET)
    return talks


# ------------------------------------------------------------------ the manager's Monday


@pytest.mark.sqlite_only
def test_the_week_stands_on_one_page(talks, sign_in_as):
    page = sign_in_as(talks.team.lead).get("/coaching")
    assert page.status_code == 200
    said = text_of(page)
    assert "Did the sequence run?" in said
    assert "Run, not opened." in said
    assert "6 missed moments worth $117,000, dearest first. You coach one." in said
    assert said.index("$30,000") < said.index("$9,000")
    assert "Signal, not answered." in said
    assert "Hand back one fix" in said
    assert "Mon 23 Mar, 09:30, your usual" in said
    for other in ("14:00", "16:30", "Another time"):
        assert other in said
    assert "No review is due" in said


@pytest.mark.sqlite_only
def test_money_is_named_with_its_arithmetic_and_assumption(talks, sign_in_as):
    said = text_of(sign_in_as(talks.team.lead).get("/coaching"))
    moment = talks.moments()[0]
    assert moment.cost is not None
    assert f"about ${moment.cost:,.0f} at risk" in said
    assert "close rate and the 20% weekly loss your company assumes, that is about" in said
    assert "A pattern, not a promise" in said
    assert re.search(r"\$30,000 × \d+% × \(1 − 0\.8\^\(19/7\)\) = \$", said)


@pytest.mark.sqlite_only
def test_without_a_decay_no_loss_is_named(app, at, sign_in_as):
    at(MONDAY)
    talks = make_talks(weekly_decay=None)
    said = text_of(sign_in_as(talks.team.lead).get("/coaching"))
    assert "at risk" not in said
    assert "waiting 19 days" in said
    assert "your company has not set what a silent week costs" in said
    assert "that is about" not in said


def test_the_number_has_its_denominator_trend_and_goal(app, at, sign_in_as):
    at(MONDAY)
    talks = make_talks(reps=3)
    with writing():
        for rep in talks.reps:
            for number in range(3):
                keep(talks.owner, rep, WEEK - (13 - number) * DAY)
            keep(talks.owner, rep, WEEK - 7 * DAY)
            miss(rep, WEEK - 7 * DAY)
    with transaction():
        services.count_coverage(talks.owner.id, MONDAY)
        for loop in db.session.scalars(select(Loop)):
            loop.on_time, loop.due, loop.pending, loop.is_complete = 3, 6, 2, False
    said = text_of(sign_in_as(talks.team.lead).get("/coaching"))
    assert (
        "3 of 6 stalled deals got the sequence in time last week. Down 50 points, goal 40–50%."
        in said
    )
    assert "Marked incomplete:" in said
    assert "2 more signals of last week were not due yet" in said


@pytest.mark.sqlite_only
def test_the_choice_is_one_moment_and_works_without_scripts(talks, sign_in_as):
    client = sign_in_as(talks.team.lead)
    other = talks.moments(1)[1]
    page = client.get(f"/coaching?moment={other.id}")
    assert picked(page) == str(other.id)
    assert page.get_data(as_text=True).count('name="moment"') == 6 + 1
    assert page.get_data(as_text=True).count(" checked") == 2
    part = client.get(f"/coaching/moment?moment={other.id}")
    assert part.status_code == 200
    assert "<html" not in part.get_data(as_text=True)
    assert talks.reps[1].name in text_of(part)


def test_a_fix_is_handed_back_and_its_review_booked(talks, sign_in_as):
    client = sign_in_as(talks.team.lead)
    answer = client.post("/coaching/hand-back", data=fields(talks, at="14:00"))
    assert answer.status_code == 302
    item = talks.item()
    assert item.state == "coached"
    assert item.review_at == REVIEW.replace(hour=14, minute=0)
    assert db.session.get(Fix, item.id).words == SECRET
    db.session.rollback()
    said = text_of(client.get("/coaching"))
    assert (
        f"Handed back to {talks.reps[0].name}. The review is booked for Mon 23 Mar, 14:00." in said
    )
    assert "has a fix until Mon 23 Mar" in said
    assert "Coming up" in said


@pytest.mark.sqlite_only
def test_another_time_of_the_day_may_be_typed(talks, sign_in_as):
    client = sign_in_as(talks.team.lead)
    client.post("/coaching/hand-back", data=fields(talks, at="other", other="11:15"))
    assert talks.item().review_at == REVIEW.replace(hour=11, minute=15)


def test_the_second_fix_of_a_rep_is_refused_and_nothing_typed_is_lost(coached, at, sign_in_as):
    later = WEEK + 7 * DAY
    coached.prepare(later)
    moment = coached.moments(0, later)[0]
    uid = coached.item_uid(0, later)
    at(datetime.combine(later, time(8), UTC))
    answer = sign_in_as(coached.team.lead).post(
        "/coaching/hand-back",
        data={"item": uid, "moment": moment.id, "words": "Second words stay here", "at": "09:30"},
    )
    assert answer.status_code == 409
    assert "Second words stay here" in answer.get_data(as_text=True)
    assert coached.item(0, later).state == "number_shown"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"words": "  "}, "Write the one thing to do next"),
        ({"words": "x" * 601}, "601 letters are too many"),
        ({"at": "other", "other": ""}, "Say at what time"),
        ({"at": "25:00"}, "This is not a time"),
    ],
)
@pytest.mark.sqlite_only
def test_a_refused_form_says_why_and_keeps_what_was_typed(talks, sign_in_as, given, why):
    asked = fields(talks, 1, **given)
    answer = sign_in_as(talks.team.lead).post("/coaching/hand-back", data=asked)
    assert answer.status_code == 422
    assert why in text_of(answer)
    assert asked["words"].strip() in answer.get_data(as_text=True)
    assert picked(answer) == str(asked["moment"])
    assert talks.item(1).state == "number_shown"


@pytest.mark.sqlite_only
def test_an_idea_fills_the_field_and_is_kept_with_the_fix(talks, sign_in_as):
    client = sign_in_as(talks.team.lead)
    page = client.get("/coaching").get_data(as_text=True)
    slug = re.search(r'name="idea" value="([^"]+)"', page)[1]
    words = re.search(r"<textarea[^>]*id=\"fix\"[^>]*>([^<]+)<", page)[1]
    client.post("/coaching/hand-back", data=fields(talks, words=words, idea=slug))
    assert db.session.get(Fix, talks.item().id).idea == slug


@pytest.mark.sqlite_only
def test_a_form_without_its_token_is_refused(app, talks, sign_in_as):
    client = sign_in_as(talks.team.lead)
    app.config["WTF_CSRF_ENABLED"] = True
    assert client.post("/coaching/hand-back", data=fields(talks)).status_code == 400
    assert talks.item().state == "number_shown"


# ------------------------------------------------------------------ reviews and what they changed


@pytest.fixture
def due(coached, at):
    """It is the day of the review."""
    at(REVIEW)
    return coached


def mark_due(talks):
    with transaction():
        db.session.execute(
            update(CoachingItem).where(CoachingItem.author_id.is_not(None)).values(state="due")
        )


def test_a_due_review_says_what_the_data_shows(due, sign_in_as):
    with writing():
        keep(due.owner, due.reps[0], WEEK + DAY)
    mark_due(due)
    client = sign_in_as(due.team.lead)
    said = text_of(client.get("/coaching"))
    assert "Done at the next chance. Quill Marsh: signal Tue 17 Mar, done Wed 18 Mar." in said
    uid = due.item_uid()
    answer = client.post(
        f"/coaching/{uid}/review", data={"back": "week", f"words-{uid}": "Well run."}
    )
    assert answer.status_code == 302
    assert due.item().outcome == "done"
    assert "recorded: done at the next chance" in text_of(client.get("/coaching"))
    assert db.session.scalars(select(CoachingNote.words)).all() == ["Well run."]


@pytest.mark.sqlite_only
def test_a_missed_chance_and_no_chance_are_told_apart(due, sign_in_as):
    mark_due(due)
    client = sign_in_as(due.team.lead)
    said = text_of(client.get("/coaching"))
    assert "No chance yet. No signal has fallen due since Mon 16 Mar." in said
    assert "says it was done" in said
    with writing():
        miss(due.reps[0], WEEK + DAY, account="Calder Freight")
    said = text_of(client.get("/coaching"))
    assert (
        "Not done at the next chance. Calder Freight: signal Tue 17 Mar, due by Thu 19 Mar" in said
    )
    assert "says it was done" not in said


@pytest.mark.sqlite_only
def test_a_statement_without_words_is_refused_beside_its_form(due, sign_in_as):
    mark_due(due)
    uid = due.item_uid()
    answer = sign_in_as(due.team.lead).post(
        f"/coaching/{uid}/review", data={"back": "week", "statement": "1", f"words-{uid}": ""}
    )
    assert answer.status_code == 422
    assert "Say in a sentence how you know." in text_of(answer)
    assert due.item().state == "due"


@pytest.mark.sqlite_only
def test_an_overdue_review_is_marked_in_words_and_skipped_weeks_stay(due, at, sign_in_as):
    mark_due(due)
    at(REVIEW + DAY)
    with transaction():
        for loop in db.session.scalars(select(Loop)):
            loop.outcome = "skipped"
    page = sign_in_as(due.team.lead).get("/coaching")
    said = text_of(page)
    assert "1 overdue" in said
    assert "Was due Mon 23 Mar, 1 day ago" in said
    assert "Loop: skipped" in said
    assert "0 kept of 1 week that asked for it, 1 skipped" in said


@pytest.mark.sqlite_only
def test_an_outage_is_ours(due, sign_in_as):
    with transaction():
        for loop in db.session.scalars(select(Loop)):
            loop.outcome = "system"
    said = text_of(sign_in_as(due.team.lead).get("/coaching"))
    assert "Loop: ours" in said
    assert "was our outage and counts for nobody" in said


def test_what_coaching_changed_shows_counts_before_and_after(due, sign_in_as):
    with writing():
        miss(due.reps[0], WEEK - 7 * DAY)
        keep(due.owner, due.reps[0], WEEK + DAY)
    with transaction():
        services.count_coverage(due.owner.id, REVIEW)
    page = sign_in_as(due.team.lead).get("/coaching")
    assert 'data-l="Week before">0 of 1<' in page.get_data(as_text=True)
    assert 'data-l="That week"><b>1 of 1</b>' in page.get_data(as_text=True)


# ------------------------------------------------------------------ who sees it


@pytest.mark.sqlite_only
def test_empty_states_say_why(app, at, talks, sign_in_as):
    assert "You lead nobody at the moment" in text_of(sign_in_as("manager").get("/coaching"))
    calm = make_team(1, name="Calm")
    talks.prepare(WEEK + 7 * DAY)
    at(MONDAY + 7 * DAY)
    said = text_of(sign_in_as(calm.lead).get("/coaching"))
    assert "Nothing was missed" in said
    at(MONDAY + 14 * DAY)
    assert "This week is not prepared yet" in text_of(sign_in_as(calm.lead).get("/coaching"))


@pytest.mark.sqlite_only
def test_without_a_programme_the_page_says_so(app, at, sign_in_as):
    at(MONDAY)
    assert "No programme runs yet" in text_of(sign_in_as("manager").get("/coaching"))
    assert "No programme runs yet" in text_of(sign_in_as("rep").get("/coaching"))


@pytest.mark.sqlite_only
def test_each_role_gets_its_page(talks, sign_in_as):
    assert sign_in_as("director").get("/coaching").headers["Location"] == "/coaching/gap"
    for role in ("sales_ops", "executive", "admin"):
        assert sign_in_as(role).get("/coaching").status_code == 403
    assert "What my manager sees about me" in text_of(sign_in_as(talks.reps[0]).get("/coaching"))


def test_words_reach_the_rep_and_the_line_and_nobody_else(coached, sign_in_as):
    uid = coached.item_uid()
    second, other = make_person(role="manager"), make_team(1, name="Other")
    director = make_person(role="director")
    with writing() as session:
        session.add(SecondLead(person_id=coached.reps[0].id, lead_id=second.id, starts_on=WEEK))
        deputy = make_person(role="manager")
        session.add(
            Deputy(
                person_id=coached.team.lead.id, deputy_id=deputy.id, starts_on=WEEK, ends_on=WEEK
            )
        )
    for who in (coached.reps[0], coached.team.lead, second, deputy):
        client = sign_in_as(who)
        assert SECRET in text_of(client.get(f"/coaching/{uid}")), who.name
        assert SECRET in text_of(client.get("/coaching")), who.name
    for who in (coached.reps[1], other.lead, other.members[0], director):
        client = sign_in_as(who)
        answer = client.get(f"/coaching/{uid}")
        assert (answer.status_code, SECRET in text_of(answer)) == (404, False)
        assert SECRET not in text_of(client.get("/coaching"))
        missing = client.get(f"/coaching/{'0' * 32}")
        assert text_of(missing) == text_of(answer)
    for role in ("sales_ops", "executive", "admin"):
        assert sign_in_as(role).get(f"/coaching/{uid}").status_code == 403


@pytest.mark.sqlite_only
def test_nobody_else_may_act(coached, sign_in_as):
    uid, item = coached.item_uid(), coached.item()
    ways = {
        "acknowledge": {},
        "say": {"kind": "dispute", "words": "No."},
        "addendum": {"words": "No."},
        "fix": {"words": "No."},
        "share": {"shared": "1"},
        "review": {},
        "notes/1": {"verdict": "right", "words": "No."},
    }
    other = make_team(1, name="Other")
    for who in (coached.reps[1], other.lead, other.members[0]):
        client = sign_in_as(who)
        for way, given in ways.items():
            answer = client.post(f"/coaching/{uid}/{way}", data=given)
            assert answer.status_code in {403, 404}, (who.role, way)
        asked = fields(coached, 1)
        assert client.post("/coaching/hand-back", data=asked).status_code in {403, 404}
    db.session.rollback()
    assert db.session.scalars(select(CoachingNote.id)).all() == []
    assert db.session.get(Fix, item.id).acknowledged_at is None


@pytest.mark.sqlite_only
def test_a_deputy_is_shown_as_one(talks, sign_in_as):
    deputy = make_person(role="manager", name="Dee Puty")
    with writing() as session:
        session.add(
            Deputy(person_id=talks.team.lead.id, deputy_id=deputy.id, starts_on=WEEK, ends_on=WEEK)
        )
    client = sign_in_as(deputy)
    assert f"You act as deputy for {talks.team.lead.name}." in text_of(client.get("/coaching"))
    assert client.post("/coaching/hand-back", data=fields(talks)).status_code == 302
    item = talks.item()
    assert (item.author_id, item.manager_id) == (deputy.id, talks.team.lead.id)


@pytest.mark.sqlite_only
def test_a_second_lead_sees_that_one_rep(talks, sign_in_as):
    second = make_person(role="manager")
    with writing() as session:
        session.add(SecondLead(person_id=talks.reps[1].id, lead_id=second.id, starts_on=WEEK))
    said = text_of(sign_in_as(second).get("/coaching"))
    assert "2 missed moments" in said
    assert "(you are second lead)" in said
    assert talks.reps[1].name in said
    assert talks.reps[0].name not in said


# ------------------------------------------------------------------ one item, and a rep's view


@pytest.mark.sqlite_only
def test_a_rep_takes_it_on_answers_doubts_and_shares(coached, sign_in_as):
    rep, uid = coached.reps[0], coached.item_uid()
    client = sign_in_as(rep)
    week = text_of(client.get("/"))
    assert SECRET in week
    assert "handed you back one thing to do" in week
    assert "I’ll do it" in week
    assert client.post(f"/coaching/{uid}/acknowledge").status_code == 302
    assert "Taken on Mon 16 Mar" in text_of(client.get(f"/coaching/{uid}"))
    client.post(f"/coaching/{uid}/say", data={"kind": "comment", "words": "Will do by two."})
    client.post(f"/coaching/{uid}/say", data={"kind": "dispute", "words": "It was not mine."})
    lead = sign_in_as(coached.team.lead)
    said = text_of(lead.get(f"/coaching/{uid}"))
    assert "Will do by two." in said
    assert "doubts the facts" in said
    assert "Waits for an answer" in said
    note = db.session.scalar(select(CoachingNote.id).where(CoachingNote.kind == "dispute"))
    refused = lead.post(f"/coaching/{uid}/notes/{note}", data={"verdict": "right", "words": ""})
    assert refused.status_code == 422
    lead.post(f"/coaching/{uid}/notes/{note}", data={"verdict": "right", "words": "You are right."})
    assert "Facts were wrong" in text_of(client.get(f"/coaching/{uid}"))
    client.post(f"/coaching/{uid}/share", data={"shared": "1"})
    assert coached.item().is_shared_up
    assert "the director above" in text_of(client.get(f"/coaching/{uid}"))


@pytest.mark.sqlite_only
def test_an_empty_or_long_answer_keeps_what_was_typed(coached, sign_in_as):
    uid = coached.item_uid()
    client = sign_in_as(coached.reps[0])
    long = "word " * 300
    answer = client.post(
        f"/coaching/{uid}/say", data={"kind": "comment", "words": long, "form": "say"}
    )
    assert answer.status_code == 422
    assert long.strip() in answer.get_data(as_text=True)
    assert "1499 letters are too many" in text_of(answer)
    assert client.post(f"/coaching/{uid}/say", data={"kind": "x", "words": "a"}).status_code == 404


@pytest.mark.sqlite_only
def test_the_author_changes_the_words_until_they_are_taken_on(coached, sign_in_as):
    uid, lead = coached.item_uid(), sign_in_as(coached.team.lead)
    assert lead.post(f"/coaching/{uid}/fix", data={"words": "Other words."}).status_code == 302
    assert "Other words." in text_of(sign_in_as(coached.reps[0]).get(f"/coaching/{uid}"))
    sign_in_as(coached.reps[0]).post(f"/coaching/{uid}/acknowledge")
    assert lead.post(f"/coaching/{uid}/fix", data={"words": "Third."}).status_code == 409


@pytest.mark.sqlite_only
def test_a_closed_talk_is_only_added_to(coached, sign_in_as):
    uid = coached.item_uid()
    with transaction():
        db.session.execute(update(CoachingItem).values(state="closed"))
    lead = sign_in_as(coached.team.lead)
    assert "Add something" in text_of(lead.get(f"/coaching/{uid}"))
    assert lead.post(f"/coaching/{uid}/addendum", data={"words": "One more."}).status_code == 302
    assert "adds, after it was closed" in text_of(lead.get(f"/coaching/{uid}"))
    refused = sign_in_as(coached.reps[0]).post(
        f"/coaching/{uid}/say", data={"kind": "comment", "words": "Kept text", "form": "say"}
    )
    assert refused.status_code == 409


def test_a_rep_sees_exactly_the_rows_the_manager_sees(talks, sign_in_as):
    own = text_of(sign_in_as(talks.reps[0]).get("/coaching"))
    theirs = text_of(sign_in_as(talks.team.lead).get("/coaching"))
    for moment in talks.moments():
        row = f"${moment.amount:,.0f}"
        assert row in own
        assert row in theirs
    assert own.count("Quiet 19 days. Signal, not answered.") == 1
    assert talks.reps[1].name not in own


@pytest.mark.sqlite_only
def test_the_words_of_long_ago_are_gone_and_the_numbers_stay(coached, sign_in_as):
    uid = coached.item_uid()
    with transaction():
        db.session.execute(update(CoachingItem).values(words_forgotten_at=MONDAY))
        db.session.execute(update(Fix).values(words=""))
    said = text_of(sign_in_as(coached.reps[0]).get(f"/coaching/{uid}"))
    assert "kept for twelve months and are gone" in said
    assert "How it went" in said


# ------------------------------------------------------------------ settings


@pytest.mark.sqlite_only
def test_the_set_day_is_one_s_own(talks, sign_in_as):
    client = sign_in_as(talks.team.lead)
    page = client.get("/coaching/settings")
    assert "Your set day" in text_of(page)
    answer = client.post("/coaching/settings/day", data={"weekday": "2", "at": "08:15"})
    assert answer.status_code == 302
    row = db.session.get(SetDay, talks.team.lead.id)
    assert (row.weekday, row.at) == (2, time(8, 15))
    db.session.rollback()
    assert "Wed 18 Mar, 08:15, your usual" in text_of(client.get("/coaching"))
    refused = client.post("/coaching/settings/day", data={"weekday": "9", "at": "08:15"})
    assert refused.status_code == 422
    assert "Choose a day of the week." in text_of(refused)
    assert sign_in_as("rep").get("/coaching/settings").status_code == 403


# ------------------------------------------------------------------ how much is read


@contextmanager
def statements():
    """How many statements are sent meanwhile."""
    asked = []
    listener = lambda *_: asked.append(1)  # noqa: E731
    event.listen(db.engine, "before_cursor_execute", listener)
    try:
        yield asked
    finally:
        event.remove(db.engine, "before_cursor_execute", listener)


def test_pages_read_no_more_for_more_reps(talks, at, sign_in_as):
    talks.hand_back(0)
    mark_due(talks)
    client = sign_in_as(talks.team.lead)
    paths = ("/coaching", f"/coaching/{talks.item_uid()}")

    def count():
        client.get("/coaching")
        found = []
        for path in paths:
            with statements() as asked:
                assert client.get(path).status_code == 200
            found.append(len(asked))
        return found

    few = count()
    talks.hand_back(1)
    talks.hand_back(2)
    mark_due(talks)
    with writing():
        for _ in range(3):
            make_membership(make_person(), talks.team.team)
    # Nothing can be picked any more, so the library of fixes is not asked.
    assert all(now <= then for now, then in zip(count(), few, strict=True))
    assert few[0] < 50


def test_the_whole_monday_of_two_teams_is_summed(app, at, talks):
    with writing():
        second = make_team(1, name="Second", lead=talks.team.lead)
        keep(talks.owner, second.members[0], WEEK - 3 * DAY)
    talks.prepare(WEEK + 7 * DAY)
    with transaction():
        services.count_coverage(talks.owner.id, MONDAY + 7 * DAY)
    at(MONDAY + 7 * DAY)
    page = pages.monday(
        talks.owner,
        MONDAY + 7 * DAY,
        rep_ids=frozenset(rep.id for rep in (*talks.reps, *second.members)),
        lead_ids=frozenset({talks.team.lead.id}),
    )
    assert page.is_prepared
    assert len(page.weeks) == 8
    assert [each.week for each in page.weeks][-1] == WEEK
    assert page.weeks[-2].share.base == 1
    assert page.weeks[-2].share.hits == 1


def test_nothing_of_another_manager_s_week_is_listed(talks, app):
    other = make_person(role="manager")
    page = pages.monday(
        talks.owner, MONDAY, rep_ids=frozenset(), lead_ids=frozenset({actor(other).person_id})
    )
    assert not page.choices
    assert page.shown is None
    assert timedelta(0) <= MONDAY - datetime.combine(page.week, time(), UTC)
    assert WORDS


@pytest.mark.sqlite_only
def test_a_manager_names_a_deputy_and_ends_it(talks, sign_in_as):
    client, deputy = sign_in_as(talks.team.lead), make_person(role="manager", name="Dee Puty")
    asked = {"form": "deputy", "person": deputy.id, "first": "2026-03-16", "last": "2026-03-20"}
    assert client.post("/coaching/settings/deputies", data=asked).status_code == 302
    row = db.session.scalar(select(Deputy))
    assert (row.person_id, row.deputy_id) == (talks.team.lead.id, deputy.id)
    ident = row.id
    db.session.rollback()
    assert "Mon 16 Mar to Fri 20 Mar" in text_of(client.get("/coaching/settings"))
    wrong = client.post("/coaching/settings/deputies", data={**asked, "last": "2026-03-10"})
    assert wrong.status_code == 422
    assert "The last day lies before the first." in text_of(wrong)
    assert 'value="2026-03-10"' in wrong.get_data(as_text=True)
    other = sign_in_as("manager")
    assert other.post(f"/coaching/settings/deputies/{ident}/end").status_code == 403
    assert client.post(f"/coaching/settings/deputies/{ident}/end").status_code == 302
    assert db.session.scalar(select(Deputy)) is None


@pytest.mark.sqlite_only
def test_sales_operations_and_the_line_add_a_second_lead(talks, sign_in_as):
    ops, second = sign_in_as("sales_ops"), make_person(role="manager")
    rep = talks.reps[0]
    asked = {"form": "second", "rep": rep.email, "lead": second.id, "from": "2026-03-16"}
    refused = ops.post("/coaching/settings/second-leads", data={**asked, "rep": "nobody@x.org"})
    assert refused.status_code == 422
    assert "nobody@x.org" in refused.get_data(as_text=True)
    assert ops.post("/coaching/settings/second-leads", data=asked).status_code == 302
    assert rep.name in text_of(sign_in_as(second).get("/coaching"))
    page = text_of(sign_in_as(talks.team.lead).get("/coaching/settings"))
    assert f"{second.name} beside {rep.name}" in page
    stranger = sign_in_as("manager")
    assert stranger.post("/coaching/settings/second-leads", data=asked).status_code == 403
    ident = db.session.scalar(select(SecondLead.id))
    db.session.rollback()
    assert ops.post(f"/coaching/settings/second-leads/{ident}/end").status_code == 302
    assert "You lead nobody" in text_of(sign_in_as(second).get("/coaching"))


@pytest.mark.sqlite_only
def test_a_rep_s_page_leads_to_their_second_leads(talks, sign_in_as):
    rep = talks.reps[0]
    page = f"/people/{rep.key}"
    for who in ("sales_ops", talks.team.lead):
        found = sign_in_as(who).get(page).get_data(as_text=True)
        assert f'href="/coaching/settings?rep={rep.key}"' in found
    for who in ("manager", "director", "executive", talks.reps[1]):
        assert "Second leads" not in sign_in_as(who).get(page).get_data(as_text=True)
    ops = sign_in_as("sales_ops")
    assert f'value="{rep.key}"' in ops.get(f"/coaching/settings?rep={rep.key}").get_data(
        as_text=True
    )
    assert "Second leads" not in ops.get(f"/people/{talks.team.lead.key}").get_data(as_text=True)


@pytest.mark.sqlite_only
def test_a_held_review_names_the_deal_it_rests_on(due, sign_in_as):
    with writing():
        keep(due.owner, due.reps[0], WEEK + DAY)
    mark_due(due)
    uid, client = due.item_uid(), sign_in_as(due.team.lead)
    client.post(f"/coaching/{uid}/review", data={})
    for who in (client, sign_in_as(due.reps[0])):
        said = text_of(who.get(f"/coaching/{uid}"))
        assert "Done at the next chance. Shown by the data, not by anybody’s word." in said
        assert (
            "Quill Marsh, signal Tue 17 Mar, answer due by Thu 19 Mar, answered Wed 18 Mar." in said
        )
