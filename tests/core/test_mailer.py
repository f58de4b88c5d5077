"""The mailer against a real SMTP server on this machine: replies decide, nothing is sent twice."""

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import SMTP
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from flask import Flask

from core import icalendar, mailer, outbox
from core.db import db, transaction
from core.errors import Invalid
from core.outbox import Letter, Recipient
from core.policy import SYSTEM, Actor, Role
from tests import ics

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


class Sink:
    """Takes letters; answers as the receiver's name says."""

    def __init__(self) -> None:
        self.taken: list[Any] = []
        self.lock = threading.Lock()

    async def handle_RCPT(  # noqa: N802 - the server's own hook
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if address.startswith("gone"):
            return "550 no such mailbox"
        if address.startswith("later"):
            return "451 try later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        with self.lock:
            self.taken.append(message_from_bytes(envelope.content))
        return "250 OK"


@pytest.fixture
def sink() -> Iterator[tuple[Sink, int]]:
    handler = Sink()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, port
    controller.stop()


def arm(app: Flask, port: int) -> None:
    app.config["PENNANT"] = replace(app.config["PENNANT"], mail_url=f"smtp://127.0.0.1:{port}")
    names = {1: "ana", 2: "gone", 3: "later"}
    app.extensions.setdefault("pennant", {})["recipients"] = lambda ids, _today: {
        i: Recipient(f"{names[i]}@example.org", "Ana Ó", is_active=True) for i in ids
    }
    with transaction():
        outbox.arm(actor=SYSTEM, now=NOON)


INVITATION = icalendar.invitation(
    icalendar.Method.REQUEST,
    icalendar.Event(
        uid="review-1@example.org",
        sequence=0,
        changed_at=NOON,
        starts_at=NOON + timedelta(days=7),
        title="Review with Zoë Ångström, " + "漢" * 40,
        text="One line.\nAnother.",
        url="https://pennant.example.org/coaching/1",
    ),
    organizer=icalendar.Party("Pennant", "pennant@example.org"),
    attendee=icalendar.Party("Ana Ó", "ana@example.org"),
)


def put(key: str, person_id: int, calendar: str | None = None) -> None:
    with transaction():
        outbox.post(
            Letter(
                kind="tip",
                list_name="tips",
                person_id=person_id,
                subject="One line — quoted",
                text="Hello",
                html="<p>Hello</p>",
                dedupe_key=key,
                calendar=calendar,
            ),
            NOON,
        )


def state_of(key: str) -> str:
    return str(outbox.states_by_dedupe([key])[key])


@pytest.mark.sqlite_only
def test_a_letter_arrives_once_with_its_id_and_a_way_out(
    app: Flask, sink: tuple[Sink, int]
) -> None:
    arm(app, sink[1])
    put("k", 1)
    assert mailer.deliver(NOON) == {"sending": 1}
    mailer.deliver(NOON)
    (message,) = sink[0].taken
    stored = db.session.query(outbox.OutboxLetter).one()
    assert message["Message-ID"] == stored.message_id
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert outbox.unsubscribe_token(1, "tips") in message["List-Unsubscribe"]
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    assert state_of("k") == "sent"


@pytest.mark.sqlite_only
def test_an_invitation_arrives_as_it_was_written(app: Flask, sink: tuple[Sink, int]) -> None:
    arm(app, sink[1])
    put("k", 1, INVITATION)
    mailer.deliver(NOON)
    (message,) = sink[0].taken
    parts = [part.get_content_type() for part in message.walk()]
    assert parts == ["multipart/alternative", "text/plain", "text/html", "text/calendar"]
    part = message.get_payload()[-1]
    assert (part.get_param("method"), part.get_param("charset")) == ("REQUEST", "utf-8")
    assert part.get_payload(decode=True) == INVITATION.encode("utf-8")
    assert ics.read(part.get_payload(decode=True)).raw("METHOD") == "REQUEST"


def test_a_letter_sent_again_is_the_same_to_the_byte(app: Flask) -> None:
    put("k", 1, INVITATION)
    stored = db.session.query(outbox.OutboxLetter).one()
    assert stored.calendar == INVITATION
    mail = outbox.OutboundMail(
        letter_id=stored.id,
        list_name="tips",
        person_id=1,
        email="ana@example.org",
        name="Ana Ó",
        subject=stored.subject,
        text=stored.text,
        html=stored.html,
        message_id=stored.message_id,
        calendar=stored.calendar,
    )
    first, second = (mailer.compose(mail).as_bytes(policy=SMTP) for _ in range(2))
    assert first == second
    assert max(map(len, first.split(b"\r\n"))) <= 998


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    "broken", ["", "Bcc: eve@example.org\r\n", INVITATION.replace("\r\n", "\n"), INVITATION * 40]
)
def test_what_is_no_invitation_goes_into_no_letter(app: Flask, broken: str) -> None:
    with pytest.raises(Invalid):
        put("k", 1, broken)


@pytest.mark.sqlite_only
def test_the_list_of_letters_says_which_brings_an_invitation(app: Flask) -> None:
    app.extensions.setdefault("pennant", {})["person_keys"] = lambda ids: dict.fromkeys(ids, "P1")
    put("with", 1, INVITATION)
    put("without", 1)
    runner = app.test_cli_runner()
    plain = runner.invoke(args=["outbox", "show"]).output.splitlines()
    assert [line.endswith("[with an invitation]") for line in plain] == [False, True]
    told = json.loads(runner.invoke(args=["outbox", "show", "--json"]).output)
    assert [each["has_invitation"] for each in told["letters"]] == [False, True]


@pytest.mark.sqlite_only
def test_refusals_fail_and_delays_come_back(app: Flask, sink: tuple[Sink, int]) -> None:
    arm(app, sink[1])
    put("gone", 2)
    put("later", 3)
    mailer.deliver(NOON)
    assert (state_of("gone"), state_of("later")) == ("failed", "retry")
    mailer.deliver(NOON + timedelta(minutes=2))
    assert state_of("later") == "retry"
    mailer.deliver(NOON + timedelta(hours=25))
    assert state_of("later") == "failed"


@pytest.mark.sqlite_only
def test_without_a_server_letters_wait(app: Flask, sink: tuple[Sink, int]) -> None:
    arm(app, 1)
    put("k", 1)
    mailer.deliver(NOON)
    assert state_of("k") == "retry"


@pytest.mark.sqlite_only
def test_with_several_admins_the_second_word_arms(app: Flask) -> None:
    app.config["PENNANT"] = replace(app.config["PENNANT"], mail_url="smtp://127.0.0.1:1")
    first = Actor(person_id=1, role=Role.ADMIN, name="Ada")
    second = Actor(person_id=2, role=Role.ADMIN, name="Bo")
    for actor, armed in ((first, False), (first, False), (second, True)):
        with transaction():
            assert outbox.arm(actor=actor, now=NOON, admins=2) is armed
        assert outbox.is_armed() is armed
    with transaction():
        outbox.disarm(actor=first, now=NOON)
    assert not outbox.is_armed()


@pytest.mark.sqlite_only
def test_a_copied_installation_is_disarmed(app: Flask, sink: tuple[Sink, int]) -> None:
    arm(app, sink[1])
    assert outbox.is_armed()
    app.config["PENNANT"] = replace(app.config["PENNANT"], base_url="https://copy.example.org")
    assert not outbox.is_armed()
    put("k", 1)
    mailer.deliver(NOON)
    assert (state_of("k"), sink[0].taken) == ("captured", [])
