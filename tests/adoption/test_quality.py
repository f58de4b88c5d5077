"""What came in and does not count, how far sources reach, and how well deals are recorded."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from adoption import services
from adoption.models import UsageSource
from adoption.queries import quality
from adoption.rules.quality import (
    STALE_AFTER,
    DealState,
    count_records,
    is_stale,
    last_sign,
    missing_fields,
)
from adoption.services import record_deals
from core.csv_file import csv_file
from core.db import db, transaction, upsert_highest
from tests.factories.adoption import make_event, make_usage
from tests.factories.people import make_person, make_team
from tests.factories.programme import make_programme

DAY = timedelta(days=1)
TODAY = date(2026, 3, 20)
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


def deal(stage: str = "open", **given_: object) -> DealState:
    whole: dict[str, object] = {
        "account": "Acme",
        "product": "GTX",
        "amount": Decimal(100),
        "created_on": TODAY - 5 * DAY,
        "proposal_on": None,
        "closed_on": None,
    }
    return DealState(stage, **{**whole, **given_})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("case", "lacking"),
    [
        (deal(), ()),
        (deal(account=None, amount=None), ("account", "amount")),
        # Only a closed deal owes its date of closing.
        (deal("won"), ("closed_on",)),
        (deal("lost", closed_on=TODAY), ()),
        # Closed tomorrow is open today.
        (deal("won", closed_on=TODAY + DAY, product=None), ("product",)),
    ],
)
def test_what_a_deal_lacks(case: DealState, lacking: tuple[str, ...]) -> None:
    assert missing_fields(case, TODAY) == lacking


@pytest.mark.parametrize(
    ("case", "counts"),
    [
        (deal(), True),
        (deal(created_on=TODAY + DAY), False),
        (deal("won", closed_on=TODAY), True),
        (deal("won", closed_on=TODAY - 27 * DAY), True),
        (deal("won", closed_on=TODAY - 28 * DAY), False),
        (deal("lost", closed_on=None), True),
        (deal("lost", closed_on=None, created_on=TODAY + DAY), False),
    ],
)
def test_which_deals_count(case: DealState, counts: bool) -> None:
    assert case.counts_on(TODAY) is counts


@pytest.mark.parametrize(
    ("case", "stale"),
    [
        (deal(created_on=TODAY - STALE_AFTER), False),
        (deal(created_on=TODAY - STALE_AFTER - DAY), True),
        (deal(created_on=TODAY - 90 * DAY, proposal_on=TODAY - 2 * DAY), False),
        (deal(created_on=TODAY - 90 * DAY, changed_on=TODAY - 30 * DAY), False),
        # What happens tomorrow is no sign of life today.
        (deal(created_on=TODAY - 90 * DAY, proposal_on=TODAY + DAY), True),
        (deal(created_on=None), True),
        (deal("won", created_on=TODAY - 90 * DAY, closed_on=TODAY), False),
    ],
)
def test_when_a_stage_is_stale(case: DealState, stale: bool) -> None:
    assert is_stale(case, TODAY) is stale


dates = st.none() | st.dates(TODAY - 80 * DAY, TODAY + 20 * DAY)
deals = st.builds(
    DealState,
    stage=st.sampled_from(["open", "won", "lost"]),
    account=st.none() | st.just("Acme"),
    product=st.none() | st.just("GTX"),
    amount=st.none() | st.just(Decimal(1)),
    created_on=dates,
    proposal_on=dates,
    closed_on=dates,
    changed_on=dates,
)


@given(st.lists(deals, max_size=12))
def test_counts_hold_together_in_any_order(some: list[DealState]) -> None:
    count, again = count_records(some, TODAY), count_records(reversed(some), TODAY)
    assert count == again
    assert count.filled + sum(count.missing.values()) == count.asked
    assert count.stale <= count.open <= count.deals <= len(some)
    for each in some:
        last = last_sign(each, TODAY)
        assert last is None or last <= TODAY


def test_each_event_is_left_out_for_one_reason(app: Flask) -> None:
    owner = make_programme(launch_on=TODAY - 60 * DAY)
    steady = make_person()
    boss = make_person(role="manager")
    tester = make_person(is_test=True)
    left = make_person(hired_on=TODAY - 50 * DAY, left_on=TODAY - 20 * DAY)
    late = make_person(enabled_on=TODAY - 5 * DAY)
    never = make_person(enabled_on=None)
    for person in (steady, boss, tester, left, late, never):
        make_usage(owner, person, [TODAY - 10 * DAY, TODAY - 3 * DAY], times=2)
    for moment, said in (
        (NOW - DAY, {"voided": True}),
        (NOW - 2 * DAY, {"quarantine": "future"}),
        (NOW - 3 * DAY, {"version": 2}),
    ):
        make_event(owner, steady, moment, **said)
    with transaction():
        while services.roll_up_days(owner.id, NOW):
            pass
    found = {row.reason: (row.events, row.people) for row in quality.left_out(owner.id)}
    assert found == {
        "future": (1, 1),
        "voided": (1, 1),
        "corrected": (1, 1),
        "not_a_rep": (4, 1),
        "test": (4, 1),
        "not_employed": (4, 1),
        # Two of the late one's four, and all of hers who was never enabled.
        "not_enabled": (6, 2),
    }
    for reason, (events, people) in found.items():
        rows = quality.left_out_rows(owner.id, reason)
        assert sum(row.events for row in rows) == events
        assert len({row.person_id for row in rows}) == people


def test_records_are_counted_per_rep_and_team(app: Flask) -> None:
    owner = make_programme(launch_on=TODAY - 60 * DAY)
    east = make_team(2)
    first, second = east.members
    outsider = make_person(role="manager")
    rows = [
        {"deal_key": "a", "person_id": first.id, "stage": "open", "account": "Acme"},
        {"deal_key": "b", "person_id": second.id, "stage": "won", "account": None},
        {"deal_key": "c", "person_id": outsider.id, "stage": "open", "account": None},
    ]
    whole = {"product": "GTX", "amount": Decimal(5), "created_on": TODAY - 40 * DAY}
    with transaction():
        record_deals([{**row, **whole} for row in rows], NOW - 20 * DAY)
    counts = quality.record_counts(owner, TODAY, NOW)
    assert {
        ident: (row.filled, row.asked, row.stale, row.open) for ident, row in counts.items()
    } == {
        first.id: (4, 4, 1, 1),
        second.id: (3, 5, 0, 0),
    }
    (total,) = quality.by_team(counts, TODAY, NOW).values()
    assert (total.reps, total.filled, total.asked) == (2, 7, 9)
    with transaction():
        changed = {"deal_key": "a", "person_id": first.id, "stage": "open", "account": "Beta"}
        record_deals([{**changed, **whole}], NOW - DAY)
    # A change is a sign of life; as of the day before it, the stage was stale.
    assert quality.record_counts(owner, TODAY, NOW)[first.id].stale == 0
    assert quality.record_counts(owner, TODAY, NOW - 2 * DAY)[first.id].stale == 1
    figure = quality.deal_records(owner, TODAY, NOW, east.team.name)
    assert (figure["filled"], figure["fields"], figure["rate"]) == (7, 9, 7 / 9)
    assert figure["missing"] == {"account": 1, "closed_on": 1}


def test_a_watermark_only_rises(app: Flask) -> None:
    owner = make_programme()
    for occurred in (NOW, NOW - DAY, NOW + DAY):
        with transaction():
            row = {"programme_id": owner.id, "source": "crm"}
            marks = {"latest_occurred_at": occurred, "latest_received_at": occurred}
            upsert_highest(UsageSource, [row | marks], ["programme_id", "source"])
    (found,) = quality.sources(owner.id)
    assert (found.latest_occurred_at, found.latest_received_at) == (NOW + DAY, NOW + DAY)
    db.session.rollback()


def test_the_data_page_says_what_is_left_out(
    app: Flask, sign_in_as: Callable[..., object], at: Callable[[datetime], None]
) -> None:
    at(NOW)
    owner = make_programme(launch_on=TODAY - 60 * DAY)
    tester = make_person(is_test=True, name="=cmd()", key="=1+1")
    make_usage(owner, tester, [TODAY - DAY])
    with transaction():
        while services.roll_up_days(owner.id, NOW):
            pass
    ops = sign_in_as("sales_ops")
    page = ops.get("/adoption/data").text
    assert "Test accounts" in page
    assert "No deals yet" in page
    listed = ops.get("/adoption/data/test")
    assert listed.status_code == 200
    assert "1 event." in listed.text
    file = ops.get("/adoption/data/test?csv=1")
    assert file.mimetype == "text/csv"
    assert "'=1+1" in file.text
    assert ops.get("/adoption/data/nothing").status_code == 404
    boss = sign_in_as("manager")
    assert boss.get("/adoption/data").status_code == 200
    assert boss.get("/adoption/data/test").status_code in {403, 404}
    assert sign_in_as("rep").get("/adoption/data").status_code in {403, 404}


def test_a_cell_that_a_spreadsheet_would_run_stays_text(app: Flask) -> None:
    with app.test_request_context():
        answer = csv_file("list", ("a", "b"), [("=1+1", -5), ("@x", None), ("plain", "-2")])
    assert answer.get_data(as_text=True) == "\ufeffa,b\r\n'=1+1,-5\r\n'@x,\r\nplain,'-2\r\n"
