"""Files taken in beside the page: it shows how far they are, and a killed import goes on."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.db import count_rows, db, transaction
from core.errors import Conflict
from core.intake import orders, taking, uploads
from core.intake.models import ImportRun, ImportUpload, ImportUploadPiece
from core.policy import Actor, Role
from people.models import Absence, Person
from tests.factories.people import PASSWORD, make_account, make_person

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = "person_id,email,name\nP1,a@example.org,A\nP2,not an address,B\n"
ROWS = 60_000
MINUTE = timedelta(minutes=1)


@pytest.fixture
def ops(app):
    person = make_person(role="sales_ops", name="Olga Ops")
    make_account(person)
    client = app.test_client()
    client.post("/sign-in", data={"email": person.email, "password": PASSWORD})
    client.person_id = person.id
    return client


def send(client, text=PEOPLE, name="people.csv"):
    """The address of the page on which a kept file is looked at."""
    sent = {"file": (io.BytesIO(text.encode()), name)}
    return client.post("/imports/uploads", data=sent).headers["Location"]


def taker(client):
    return Actor(person_id=client.person_id, role=Role.SALES_OPS, name="Olga Ops")


@pytest.fixture
def held(monkeypatch):
    """Imports wait until they are let go; a page has no patience with them."""
    gate, run = threading.Event(), orders.run_import

    def late(*given, **named):
        gate.wait(60)
        return run(*given, **named)

    monkeypatch.setattr(orders, "run_import", late)
    monkeypatch.setattr(taking, "PATIENCE_SECONDS", 0.0)
    yield gate
    gate.set()
    finish()


def finish():
    """Wait for every import under way."""
    for thread in threading.enumerate():
        if isinstance(thread, taking.Taking):
            thread.join(60)
    db.session.rollback()


@pytest.mark.parametrize("way", ["looked at first", "at once"])
def test_the_page_shows_what_takes_long_and_then_its_run(ops, held, way):
    if way == "at once":
        sent = {"file": (io.BytesIO(PEOPLE.encode()), "people.csv")}
        look = ops.post("/imports", data=sent).headers["Location"]
    else:
        look = send(ops)
        answer = ops.post(f"{look}/take", data={"what": "kind:people"})
        assert answer.headers["Location"] == look
    page = ops.get(look).text
    assert "people.csv is being taken in." in page
    ended = page.split('data-ended="')[1].split('"')[0].replace("&amp;", "&")
    assert ops.get(f"{look}/progress").json["state"] == "running"
    assert ops.get(ended).headers["Location"] == "/imports"
    assert ops.post(f"{look}/take", data={"what": "kind:people"}).status_code == 422
    held.set()
    finish()
    assert ops.get(f"{look}/progress").json == {"state": "gone"}
    run = ops.get(ops.get(ended).headers["Location"])
    assert "1 line of people.csv" in run.text
    assert count_rows(ImportRun) == 1
    assert count_rows(ImportUploadPiece) == 0


@pytest.mark.sqlite_only
@pytest.mark.parametrize("at", ["", "yesterday", "2026-01-05", "0001-01-01T00:00:00+14:00"])
def test_an_address_of_no_import_leads_to_the_list(ops, at):
    assert ops.get("/imports/ended", query_string={"at": at}).headers["Location"] == "/imports"


def test_an_import_that_breaks_off_waits_and_says_why(ops, monkeypatch):
    def refuse(*_given, **_named):
        raise Conflict("Somebody else is at it.")

    look = send(ops)
    monkeypatch.setattr(orders, "run_import", refuse)
    upload_id = look.rsplit("/", 1)[1]
    with transaction():
        uploads.say(uploads.of(upload_id), {"what": "kind:people"})
        assert uploads.claim(upload_id, datetime.now(UTC), taker(ops))
    moved = datetime.now(UTC) + uploads.STALE + MINUTE
    assert taking.resume(moved) == {"resumed": 0, "given_up": 1}
    assert "Somebody else is at it." in ops.get(look).text
    monkeypatch.undo()
    monkeypatch.setattr(taking, "PATIENCE_SECONDS", 60.0)
    assert ops.post(f"{look}/take", data={"what": "kind:people"}).status_code == 302
    assert count_rows(ImportUpload) == 0


def test_who_may_not_take_files_in_any_more_has_none_resumed(ops):
    look = send(ops)
    with transaction() as session:
        uploads.claim(look.rsplit("/", 1)[1], datetime.now(UTC), taker(ops))
        session.get(Person, ops.person_id).role = "manager"
    later = datetime.now(UTC) + uploads.STALE + MINUTE
    assert taking.resume(later) == {"resumed": 0, "given_up": 1}
    assert count_rows(ImportRun) == 0
    with transaction() as session:
        session.get(Person, ops.person_id).role = "sales_ops"
    assert "may not do so any more" in ops.get(look).text


def test_a_file_that_stops_the_server_each_time_is_left(ops):
    look = send(ops)
    upload_id, moment = look.rsplit("/", 1)[1], datetime.now(UTC)
    for _attempt in range(uploads.MOST_ATTEMPTS):
        with transaction():
            assert uploads.claim(upload_id, moment, taker(ops))
        moment += uploads.STALE + MINUTE
    assert taking.resume(moment) == {"resumed": 0, "given_up": 1}
    assert "stopped in the middle of it 3 times" in ops.get(look).text
    assert taking.resume(moment + 5 * uploads.STALE) == {"resumed": 0, "given_up": 0}


def test_an_import_says_that_it_is_alive_while_it_stores_nothing(ops, held, monkeypatch):
    monkeypatch.setattr(taking, "BEAT_SECONDS", 0.02)
    look = send(ops)
    ops.post(f"{look}/take", data={"what": "kind:people"})
    first = last = db.session.scalar(select(ImportUpload.sent_at))
    patience = time.monotonic() + 60
    while last == first and time.monotonic() < patience:
        db.session.rollback()
        last = db.session.scalar(select(ImportUpload.sent_at))
    assert last > first
    assert taking.resume(last + uploads.STALE) == {"resumed": 0, "given_up": 0}
    db.session.rollback()


def stored() -> int:
    """Absences another process has committed by now."""
    db.session.rollback()
    return count_rows(Absence)


@pytest.mark.processes
def test_a_killed_import_is_resumed_and_ends_as_if_nothing_had_been(app, settings, ops):
    make_person(key="P1")
    days = (f"P1,{1900 + n // 300}-{n % 12 + 1:02}-{n % 25 + 1:02}" for n in range(ROWS))
    rows = [f"{day},2199-12-{n % 28 + 1:02}" for n, day in enumerate(days)]
    text, moment = "\n".join(["person_id,start_date,end_date", *rows]), datetime.now(UTC)
    with transaction():
        upload = uploads.keep(
            io.BytesIO(text.encode()), "absences.csv", limit=1 << 30, actor=taker(ops), now=moment
        )
        uploads.say(upload, {"what": "kind:absences"})
        upload_id = upload.id
        assert uploads.claim(upload_id, moment, taker(ops))
    environment = os.environ | {
        "PENNANT_DATABASE_URL": settings.database_url,
        "PENNANT_SECRET_KEY": settings.secret_key,
        "PENNANT_BASE_URL": settings.base_url,
        "PENNANT_INSTANCE_DIR": settings.instance_dir,
    }
    arguments = [upload_id, str(ops.person_id), moment.isoformat()]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.intake.taking_process", *arguments],
        cwd=ROOT,
        env=environment,
        stderr=subprocess.PIPE,
    )
    patience = time.monotonic() + 60
    while not stored() and process.poll() is None and time.monotonic() < patience:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    _out, said = process.communicate()
    kept = stored()
    assert 0 < kept < len(set(rows)), said.decode()
    assert uploads.of(upload_id).state == uploads.RUNNING

    now = datetime.now(UTC)
    assert taking.resume(now) == {"resumed": 0, "given_up": 0}
    assert taking.resume(now + uploads.STALE + MINUTE) == {"resumed": 1, "given_up": 0}
    assert stored() == len(set(rows))
    first, second = db.session.scalars(select(ImportRun).order_by(ImportRun.id))
    assert (first.state, first.added) == ("failed", kept)
    assert (second.state, second.rows, second.refused) == ("done", ROWS, 0)
    assert second.added == len(set(rows)) - kept
    assert second.actor_id == ops.person_id
    assert db.session.scalar(select(func.count()).select_from(ImportUpload)) == 0
    assert taking.resume(now + timedelta(hours=1)) == {"resumed": 0, "given_up": 0}
