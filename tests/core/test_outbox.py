"""Letters: written once, checked at the moment of sending, claimed before they leave."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from core import mailer, outbox
from core.db import db, transaction
from core.errors import Invalid, NotFound
from core.outbox import Letter, LetterState, Recipient
from core.policy import SYSTEM

MONDAY_NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
PEOPLE = {
    1: Recipient("ana@example.org", "Ana", is_active=True),
    2: Recipient("ben@example.org", "Ben", is_active=True, time_zone="Pacific/Auckland"),
    3: Recipient("cy@example.org", "Cy", is_active=False),
}


@pytest.fixture(autouse=True)
def _directory(app: Flask) -> None:
    def lookup(ids: Sequence[int], _today: date | None) -> dict[int, Recipient]:
        return {ident: PEOPLE[ident] for ident in ids if ident in PEOPLE}

    app.extensions.setdefault("pennant", {})["recipients"] = lookup


def write(key: str, person_id: int = 1, **changes: object) -> Letter:
    fields: dict[str, object] = {
        "kind": "tip",
        "list_name": "tips",
        "person_id": person_id,
        "subject": "Send the recap",
        "text": "Quote one line.",
        "dedupe_key": key,
    }
    return Letter(**{**fields, **changes})  # type: ignore[arg-type]


def put(*letters: Letter, now: datetime = MONDAY_NOON) -> int:
    with transaction():
        return outbox.post_all(letters, now)


def states() -> dict[str, str]:
    rows = db.session.query(outbox.OutboxLetter.dedupe_key, outbox.OutboxLetter.state)
    return {key: str(state) for key, state in rows}


def test_a_key_is_written_once(app: Flask) -> None:
    assert put(write("k:1"), write("k:2")) == 2
    assert put(write("k:1"), write("k:3")) == 1
    assert len(states()) == 3


def test_a_subject_of_two_lines_and_an_unknown_list_are_refused(app: Flask) -> None:
    with pytest.raises(Invalid):
        put(write("k", subject="Hello\nBcc: everybody"))
    with pytest.raises(Invalid):
        put(write("k", list_name="gossip"))


def test_a_disarmed_house_captures(app: Flask) -> None:
    put(write("k:1"))
    assert mailer.deliver(MONDAY_NOON) == {"captured": 1}
    assert mailer.deliver(MONDAY_NOON) == {}
    assert states() == {"k:1": "captured"}


@pytest.mark.parametrize(
    ("letter", "expected"),
    [
        (write("k", person_id=3), "suppressed"),
        (write("k", person_id=99), "suppressed"),
        (write("k", use_by=MONDAY_NOON), "expired"),
        (write("k", person_id=2), "deferred"),
        (write("k", person_id=2, list_name="security"), "captured"),
        (write("k", not_before=MONDAY_NOON + timedelta(minutes=1)), "queued"),
    ],
)
def test_each_check_decides(app: Flask, letter: Letter, expected: str) -> None:
    put(letter)
    mailer.deliver(MONDAY_NOON)
    assert states() == {"k": expected}


def test_a_wish_holds_for_its_list_only_and_from_the_next_letter(app: Flask) -> None:
    with transaction():
        assert outbox.suppress(1, "tips", reason="link", now=MONDAY_NOON)
        assert not outbox.suppress(1, "tips", reason="link", now=MONDAY_NOON)
    put(write("tip"), write("award", list_name="awards"))
    mailer.deliver(MONDAY_NOON)
    assert states() == {"tip": "suppressed", "award": "captured"}
    with pytest.raises(Invalid), transaction():
        outbox.suppress(1, "security", reason="link", now=MONDAY_NOON)


def test_a_person_gets_two_letters_a_day_the_weightier_first(app: Flask) -> None:
    put(
        write("t:1"), write("t:2"), write("c", list_name="contests"), write("a", list_name="awards")
    )
    put(write("now", list_name="awards", important=True))
    mailer.deliver(MONDAY_NOON)
    assert states() == {
        "a": "captured",
        "c": "captured",
        "now": "captured",
        "t:1": "deferred",
        "t:2": "deferred",
    }
    mailer.deliver(MONDAY_NOON + timedelta(days=1, minutes=1))
    assert set(states().values()) == {"captured"}


def test_a_sender_that_died_leaves_letters_uncertain_or_safe_ones_queued(app: Flask) -> None:
    put(write("once"), write("again", list_name="security", safe_to_repeat=True))
    with transaction() as session:
        for row in session.query(outbox.OutboxLetter):
            row.state, row.lease_until = LetterState.SENDING, MONDAY_NOON
    with transaction():
        assert outbox.reap(MONDAY_NOON + timedelta(seconds=1)) == 2
    assert states() == {"once": "uncertain", "again": "queued"}


def test_only_a_person_decides_an_uncertain_letter(app: Flask) -> None:
    put(write("k"))
    with transaction() as session:
        row = session.query(outbox.OutboxLetter).one()
        row.state, row.due_at = LetterState.UNCERTAIN, None
        ident = row.id
    mailer.deliver(MONDAY_NOON)
    assert states() == {"k": "uncertain"}
    with transaction():
        outbox.resolve(ident, send_again=True, actor=SYSTEM, now=MONDAY_NOON)
    assert states() == {"k": "queued"}


def test_a_stop_link_is_bound_to_person_and_list(app: Flask) -> None:
    token = outbox.unsubscribe_token(7, "tips")
    assert outbox.read_unsubscribe_token(token) == (7, "tips")
    for forged in (
        token.replace("7.", "8.", 1),
        token.replace("tips", "awards"),
        token[:-1],
        "",
        "x",
    ):
        with pytest.raises(NotFound):
            outbox.read_unsubscribe_token(forged)


ZONES = st.sampled_from(
    ["UTC", "America/New_York", "Europe/Berlin", "Pacific/Auckland", "Africa/Cairo", "Asia/Kolkata"]
)


@given(
    moment=st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    zone=ZONES,
)
def test_quiet_hours_end_outside_quiet_hours_and_soon(moment: datetime, zone: str) -> None:
    recipient = Recipient("x@example.org", "X", is_active=True, time_zone=zone)
    awake = outbox.end_of_quiet(moment, recipient)
    local = awake.astimezone(ZoneInfo(zone))
    assert moment <= awake <= moment + timedelta(days=3)
    assert local.weekday() < 5
    assert time(8) <= local.time() < time(19)
    assert outbox.end_of_quiet(awake, recipient) == awake
