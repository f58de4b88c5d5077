"""Tip pages and the stop link: each role, bad input, and one click without cookie or token."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from comms import services
from comms.models import Campaign, Tip
from core import outbox
from core.db import db, transaction
from tests.factories.comms import make_campaign, make_issue, make_recipient, make_tip
from tests.factories.people import make_person
from tests.factories.programme import make_programme

pytestmark = [pytest.mark.sqlite_only, pytest.mark.usefixtures("app")]

NOW = datetime(2026, 3, 9, 14, tzinfo=UTC)


@pytest.fixture
def world(at):
    """A programme with two tips, a campaign for Tuesdays, and one issue of last week."""
    at(NOW)
    owner = make_programme(name="Relay")
    tip = make_tip(owner, slug="two-dates", subject="Offer two dates", about="sequence_run")
    make_tip(owner, slug="recap", subject="Send the recap", body="Before **lunch**.")
    campaign = make_campaign(owner, slug="weekly-tip", holdout_percent=10)
    rep = make_person()
    issue = make_issue(campaign, date(2026, 3, 3))
    make_recipient(issue, rep, tip=tip)
    return owner, rep


def test_sales_operations_sees_reach_reasons_and_results(world, sign_in_as) -> None:
    page = sign_in_as("sales_ops").get("/tips")
    assert page.status_code == 200
    assert "Tue 10 Mar, 09:00" in page.text
    assert "Offer two dates" in page.text
    assert "left out" in page.text
    assert 'name="subject"' in page.text
    assert "style=" not in page.text


def test_a_rep_reads_tips_and_no_counts(world, sign_in_as) -> None:
    _, rep = world
    page = sign_in_as(rep).get("/tips").text
    assert "Send the recap" in page
    for word in ("Schedule a campaign", "Write a tip", "left out", "weekly-tip"):
        assert word not in page


def test_a_manager_may_write_but_not_schedule(world, sign_in_as) -> None:
    visitor = sign_in_as("manager")
    assert "Write a tip" in visitor.get("/tips").text
    assert visitor.get("/campaigns/new").status_code == 403
    assert visitor.post("/campaigns", data={}).status_code == 403


def test_tips_before_there_is_a_programme(at, sign_in_as) -> None:
    at(NOW)
    assert "No tip has been written yet." in sign_in_as("sales_ops").get("/tips").text


def test_one_tip_as_its_readers_see_it(world, sign_in_as) -> None:
    visitor = sign_in_as("sales_ops")
    page = visitor.get("/tips/recap").text
    assert "<strong>lunch</strong>" in page
    assert visitor.get("/tips/nowhere").status_code == 404
    assert visitor.post("/tips/recap/test").status_code == 303
    letters = outbox.letters(kind="tip")
    assert [letter.subject for letter in letters] == ["Send the recap"]
    assert sign_in_as("admin").post("/tips/recap/test").status_code == 303


def test_a_tip_is_written_on_the_page(world, sign_in_as) -> None:
    visitor = sign_in_as("sales_ops")
    answer = visitor.post(
        "/tips", data={"subject": "Call on day 3", "body": "Not on day 5.", "about": "guided_use"}
    )
    assert answer.headers["Location"].endswith("/tips/call-on-day-3")
    tip = db.session.scalars(select(Tip).where(Tip.slug == "call-on-day-3")).one()
    assert (tip.about, tip.position, tip.written_by is not None) == ("guided_use", 2, True)
    assert visitor.post("/tips", data={"subject": "Call on day 3", "body": "x"}).status_code == 422


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "Give a subject"),
        ({"subject": "A", "body": "{rank}"}, "cannot be filled in"),
        ({"subject": "A\x07", "body": "b"}, "no letter can show"),
        ({"subject": "?!", "body": "b"}, "needs a letter or a digit"),
        ({"subject": "A", "body": "b" * 5001}, "at most 5,000"),
    ],
)
def test_what_is_wrong_with_a_tip_is_said_and_the_text_kept(world, sign_in_as, data, said) -> None:
    answer = sign_in_as("sales_ops").post("/tips", data=data)
    assert answer.status_code == 422
    assert said in answer.text
    assert len(list(db.session.scalars(select(Tip)))) == 2


def test_a_rep_writes_no_tip(world, sign_in_as) -> None:
    _, rep = world
    assert sign_in_as(rep).post("/tips", data={"subject": "A", "body": "b"}).status_code == 403


def test_a_body_cannot_carry_script_or_pictures(world, sign_in_as) -> None:
    visitor = sign_in_as("sales_ops")
    body = (
        "<script>alert(1)</script> ![x](https://evil.example/x.png) [a](javascript:alert(1)) "
        "<img src=x onerror=alert(1)>"
    )
    visitor.post("/tips", data={"subject": "Bad", "body": body})
    page = visitor.get("/tips/bad").text
    tip = page[page.index('class="in"') :]
    for danger in ("<script>alert", "<img", 'href="javascript', 'src="https'):
        assert danger not in tip


def test_a_campaign_is_scheduled_seen_and_stopped(world, sign_in_as) -> None:
    visitor = sign_in_as("sales_ops")
    assert visitor.get("/campaigns/new").status_code == 200
    answer = visitor.post(
        "/campaigns",
        data={
            "slug": "lapsed-only",
            "day": "thu",
            "time": "10:30",
            "cadence": "fortnightly",
            "holdout_percent": "20",
            "starts_on": "2026-03-10",
            "states": ["lapsed", "trying"],
        },
    )
    assert answer.status_code == 303
    stored = db.session.scalars(select(Campaign).where(Campaign.slug == "lapsed-only")).one()
    assert (stored.day, stored.states, stored.holdout_percent) == (3, ["lapsed", "trying"], 20)
    page = visitor.get("/campaigns/lapsed-only").text
    assert "Thursday at 10:30, every second week" in page
    assert "reps who have stopped or are trying it" in page
    assert visitor.post("/campaigns/lapsed-only/stop").status_code == 303
    assert "lapsed-only is stopped." in visitor.get("/campaigns/lapsed-only").text
    assert visitor.post("/campaigns/lapsed-only/stop").status_code == 409
    assert visitor.get("/campaigns/nowhere").status_code == 404


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"slug": "No Such"}, "Use lower-case letters"),
        ({"slug": "weekly-tip"}, "There is a campaign weekly-tip already"),
        ({"day": "someday"}, "Choose a weekday"),
        ({"time": "25:00"}, "Give a time"),
        ({"holdout_percent": "95"}, "whole number from 0 to 90"),
        ({"holdout_percent": "-1"}, "whole number from 0 to 90"),
        ({"starts_on": "2026-03-09"}, "starts tomorrow at the earliest"),
        ({"starts_on": "soon"}, "Give the first day"),
        ({"states": ["left"]}, "Choose from the list"),
    ],
)
def test_what_is_wrong_with_a_campaign_is_said(world, sign_in_as, change, said) -> None:
    data = {"slug": "new-one", "day": "thu", "time": "10:30", "starts_on": "2026-03-10"} | change
    answer = sign_in_as("sales_ops").post("/campaigns", data=data)
    assert answer.status_code == 422
    assert said in answer.text
    assert len(list(db.session.scalars(select(Campaign)))) == 1


def test_a_manager_sees_a_campaign_without_its_numbers(world, sign_in_as) -> None:
    page = sign_in_as("manager").get("/campaigns/weekly-tip")
    assert page.status_code == 200
    assert "Stop this campaign" not in page.text
    assert sign_in_as("rep").get("/campaigns/weekly-tip").status_code == 403


def test_the_tip_of_the_week_stands_on_the_readers_week(world, sign_in_as, at) -> None:
    _, rep = world
    assert "Tip of the week" in sign_in_as(rep).get("/").text
    at(NOW + timedelta(days=20))
    assert "Tip of the week" not in sign_in_as(rep).get("/").text


def test_a_stop_link_asks_first_and_acts_by_post_alone(world, client) -> None:
    _, rep = world
    address = f"/unsubscribe/{outbox.unsubscribe_token(rep.id, 'tips')}"
    for _ in range(3):
        page = client.get(address)
        assert page.status_code == 200
        assert "Stop tips?" in page.text
    assert outbox.suppressed_lists(rep.id) == set()
    for _ in range(2):
        answer = client.post(address, data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
        assert "Done. No more tips." in answer.text
        assert "Set-Cookie" not in answer.headers
    assert outbox.suppressed_lists(rep.id) == {"tips"}
    assert "already" in client.get(address).text
    client.post(address, data={"again": "yes"})
    assert outbox.suppressed_lists(rep.id) == set()


def test_a_stop_link_needs_no_form_token(app, world) -> None:
    _, rep = world
    app.config["WTF_CSRF_ENABLED"] = True
    address = f"/unsubscribe/{outbox.unsubscribe_token(rep.id, 'tips')}"
    assert app.test_client().post(address).status_code == 200


@pytest.mark.parametrize("list_name", ["training", "awards"])
def test_a_stop_link_stops_its_own_list(world, client, list_name) -> None:
    _, rep = world
    client.post(f"/unsubscribe/{outbox.unsubscribe_token(rep.id, list_name)}")
    assert outbox.suppressed_lists(rep.id) == {list_name}


def test_a_link_that_is_not_ours_stops_nothing(world, client) -> None:
    _, rep = world
    token = outbox.unsubscribe_token(rep.id, "tips")
    person, rest = token.split(".", 1)
    for bad in (f"{int(person) + 1}.{rest}", token[:-2], "x.y.z", "٣.tips.abc"):
        assert client.get(f"/unsubscribe/{bad}").status_code == 404
        assert client.post(f"/unsubscribe/{bad}").status_code == 404
    assert outbox.suppressed_lists(rep.id) == set()


def test_security_letters_cannot_be_stopped(world, client) -> None:
    _, rep = world
    answer = client.post(f"/unsubscribe/{outbox.unsubscribe_token(rep.id, 'security')}")
    assert answer.status_code == 422


def test_a_stopped_reader_is_left_out_of_the_very_next_issue(world, client) -> None:
    _, rep = world
    client.post(f"/unsubscribe/{outbox.unsubscribe_token(rep.id, 'tips')}")
    with transaction():
        counts = services.send_due_issues(datetime(2026, 3, 10, 13, tzinfo=UTC))
    assert counts == {"issues": 1, "letters": 0}
