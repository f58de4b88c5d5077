"""Tables nobody knows: matched once on a page, saved under a name, known ever after."""

import io
import json
import re
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from adoption.models import Deal, UsageEvent
from core.db import count_rows, db, transaction
from core.errors import Invalid
from core.intake import mapping, uploads
from core.intake.exports.mapped import Mapped, Source
from core.intake.models import ImportMapping, ImportProblem, ImportRun, ImportUpload
from core.intake.models import ImportUploadPiece as Piece
from core.intake.registry import registry
from core.intake.runner import run_import
from core.policy import SYSTEM
from people.models import Person
from tests.factories.people import PASSWORD, make_account, make_person
from tests.factories.programme import make_programme
from training_tracker.models import Completion

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)

ROSTER = (
    "Employee ID;Full Name;Work Email;Department;Start Date;End Date;Manager Work Email\n"
    "00012;Ann Lee;Ann.Lee@example.org;East;01/05/2024;;BO@example.org\n"
    "00013;Bo Ord;bo@example.org;East;01/25/2020;12/31/2027;bo@Example.org\n"
    "00014;Cy Day;not an address;West;01/26/2020;;bo@example.org\n"
)
LEARNT = (
    "Login ID,Course Name,Enrollment Created Date,Enrollment Completed Date,Enrollment Status,"
    "Enrollment Score\n"
    "rep1@example.org,Basics,5/1/2026,16/1/2026,passed,92%\n"
    "rep2@example.org,Basics,5/1/2026,,not_started,\n"
    "rep2@example.org,Basics,5/1/2026,17/1/2026,failed,40%\n"
)


def imported(path, preset, **asked):
    found = registry()
    programme_id = found.find_programme(None)
    zone = asked.get("time_zone")
    summary = run_import(
        [path],
        kinds=found.kinds,
        preset=preset,
        programme_id=programme_id,
        time_zone=zone,
        actor=SYSTEM,
        now=NOW,
        asked=found.asked(programme_id, **asked),
    )
    [file] = summary.files
    assert file.rows == sum(file.counts().values()) - file.rows
    return file


def matched(kind, text, **changes):
    """The mapping the names of a header suggest."""
    chosen = registry().kinds[kind]
    header = text.splitlines()[0].replace(";", ",").split(",")
    return Mapped(chosen, mapping.suggested(chosen, header) | changes)


def written(tmp_path, text):
    path = tmp_path / "any.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_roster_is_matched_by_its_names(app, tmp_path):
    found = matched("people", ROSTER)
    assert {name: (s.label, s.by) for name, s in found.sources.items()} == {
        "person_id": ("Employee ID", "id"),
        "email": ("Work Email", "id"),
        "name": ("Full Name", "id"),
        "channel": ("Department", "id"),
        "hire_date": ("Start Date", "id"),
        "leave_date": ("End Date", "id"),
        "manager_id": ("Manager Work Email", "email"),
    }
    assert found.lacking() == []
    file = imported(written(tmp_path, ROSTER), found.preset())
    assert (file.added, file.refused) == (2, 1)
    assert [(p.row, p.field, p.code) for p in file.problems] == [
        (4, "email", "not_an_email"), (3, "manager_id", "repaired"),
    ]  # fmt: skip
    people = {person.key: person for person in db.session.scalars(select(Person))}
    assert people["00012"].manager_id == people["00013"].id
    assert people["00013"].manager_id is None
    assert (people["00012"].hired_on, people["00013"].left_on) == (
        date(2024, 1, 5), date(2027, 12, 31),
    )  # fmt: skip


def test_a_learning_systems_list_of_enrolments_and_completions(app, tmp_path):
    make_programme()
    for number in (1, 2):
        make_person(email=f"rep{number}@example.org")
    preset = matched("completions", LEARNT).preset()
    file = imported(written(tmp_path, LEARNT), preset, time_zone=ZoneInfo("Europe/Berlin"))
    assert (file.added, file.unchanged, file.refused) == (2, 1, 0)
    assert file.not_counted == {"rows not completed yet": 1}
    assert [(row.is_passed, row.score, row.completed_at) for row in db.session.scalars(
        select(Completion).order_by(Completion.completed_at)
    )] == [
        (True, 92, datetime(2026, 1, 16, 11, tzinfo=UTC)),
        (False, 40, datetime(2026, 1, 17, 11, tzinfo=UTC)),
    ]  # fmt: skip


def test_rows_without_an_id_get_one_from_themselves(app, tmp_path):
    make_programme()
    make_person(name="Ann Lee")
    text = "Rep,Event,When\nAnn Lee,guided_use,2026-03-02T09:00:00Z\n"
    preset = matched("usage", text, occurred_at=Source("When")).preset()
    assert imported(written(tmp_path, text), preset).added == 1
    assert imported(written(tmp_path, text), preset).unchanged == 1
    [event] = db.session.scalars(select(UsageEvent))
    assert re.fullmatch(r"[0-9a-f]{32}", event.event_id)


def test_the_same_text_for_every_row_and_columns_of_one_name(app, tmp_path):
    make_person(name="Ann Lee")
    text = 'No,Owner,Value,Value,Won on\n1,Ann Lee,ignored,"1,500.00",2026-03-02\n'
    kind = registry().kinds["deals"]
    preset = Mapped(
        kind,
        {
            "deal_id": Source("No"),
            "person_id": Source("Owner", by="name"),
            "amount": Source("Value (2)"),
            "stage": Source(always="won"),
            "currency": Source(always="eur"),
            "closed_on": Source("Won on"),
        },
    ).preset()
    file = imported(written(tmp_path, text), preset)
    assert (file.added, file.unknown_columns) == (1, ["Value"])
    [deal] = db.session.scalars(select(Deal))
    assert (deal.amount, deal.stage, deal.currency) == (Decimal(1500), "won", "EUR")


def test_what_is_needed_must_be_said(app):
    kind = registry().kinds["usage"]
    assert Mapped(kind, {"kind": Source("Event")}).lacking() == [
        "event_id", "occurred_at", "person_id",
    ]  # fmt: skip
    with transaction(), pytest.raises(Invalid, match="comes from"):
        mapping.save("half", kind, ("a",), {"kind": Source("a")}, {}, actor=SYSTEM, now=NOW)
    with transaction(), pytest.raises(Invalid, match="name"):
        mapping.save("  ", kind, ("a",), {}, {}, actor=SYSTEM, now=NOW)


# ---- The page


@pytest.fixture
def ops(app):
    person = make_person(role="sales_ops")
    make_account(person)
    client = app.test_client()
    client.post("/sign-in", data={"email": person.email, "password": PASSWORD})
    return client


def send(client, text, name="export.csv", **form):
    data = text if isinstance(text, bytes) else text.encode()
    answer = client.post("/imports/uploads", data={"file": (io.BytesIO(data), name), **form})
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def fields(page):
    """What a browser would send back: every field of the page's form as it stands."""
    given = {}
    for name, inside in re.findall(
        r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL
    ):
        chosen = re.search(r'<option value="([^"]*)" selected', inside)
        given[name] = chosen[1] if chosen else ""
    given.update(re.findall(r'<input class="input"[^>]*name="([^"]+)"[^>]*value="([^"]*)"', page))
    given.update(re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', page, re.DOTALL))
    return given


def test_a_header_is_matched_once_and_known_ever_after(ops, tmp_path, app):
    look = send(ops, ROSTER)
    page = ops.get(look).text
    assert "Match the columns of export.csv once" in page
    given = fields(page)
    assert given["from:manager_id"] == "Manager Work Email"
    assert given["by:manager_id"] == "email"
    assert "not_an_email" not in page
    assert "This is not an e-mail address" in page
    answer = ops.post(f"{look}/matching", data={**given, "mapping_name": "HR roster"})
    assert answer.status_code == 302
    assert "is read by HR roster" in ops.get(look).text
    taken = ops.post(f"{look}/take", data=fields(ops.get(look).text))
    assert taken.status_code == 302
    assert count_rows(ImportUpload) == count_rows(Piece) == 0
    assert ops.get(look).status_code == 404
    # The same header again, in other case: no question.
    again = send(ops, ROSTER.replace("Full Name", "FULL  name").replace("00012", "00015"))
    page = ops.get(again).text
    assert "is read by HR roster" in page
    assert "Saved matchings" in ops.get("/imports").text
    # And at a terminal, by itself or by its name.
    path = tmp_path / "whatever.csv"
    path.write_text(ROSTER, encoding="utf-8")
    for options in ([], ["--mapping", "HR roster"]):
        done = app.test_cli_runner().invoke(args=["import", str(path), *options, "--json"])
        [file] = json.loads(done.stdout)["files"]
        assert (file["kind"], file["unchanged"], file["refused"]) == ("people", 2, 1)
    lost = app.test_cli_runner().invoke(args=["import", str(path), "--mapping", "none"])
    assert lost.exit_code == 2
    assert "HR roster" in lost.stderr
    with transaction():
        row = db.session.scalars(select(ImportMapping)).one()
    assert ops.post(f"/imports/matchings/{row.id}/forget").status_code == 302
    assert count_rows(ImportMapping) == 0


@pytest.mark.sqlite_only
def test_every_export_is_recognised_and_shown_as_it_would_be_read(ops):
    make_programme()
    look = send(
        ops,
        "Record ID,Deal Name,Deal Stage,Amount,Close Date,Deal owner\n"
        '1,A,Closed Won,"$5,000",25/12/2026,Nobody Here\n2,B,Signed,1,2/3/2026,Nobody Here\n',
    )
    page = ops.get(look).text
    assert "is read as hubspot-deals" in page
    assert "2026-12-25" in page
    assert "Nobody in the directory is name Nobody Here" in page
    assert "Whether &#39;Signed&#39; is open, won or lost is not known" in page
    ops.post(look, data={"what": "preset:hubspot-deals", "words": "Signed = won"})
    page = ops.get(look).text
    assert "is not known" not in page
    checked = ops.post(f"{look}/check", data=fields(page))
    assert "Nothing was stored" in checked.text
    assert "2 waiting for a person" in checked.text
    assert count_rows(ImportRun) == 0
    bad = ops.post(f"{look}/take", data={"what": "preset:hubspot-deals", "words": "nonsense"})
    assert bad.status_code == 422
    assert "THEIRS=OURS" in bad.text
    assert ops.post(f"{look}/discard").status_code == 302
    assert count_rows(ImportUpload) == 0


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        (b"\xd0\xcf\x11\xe0 old", "x.csv", "cannot be read"),
        (b"PK\x03\x04 broken", "x.xlsx", "cannot be read"),
        ("person_id,email,name\nP1,a@example.org,A\n", "x.csv", "is read as people"),
        ("a,b\n1,2\n", "x.csv", "Match the columns"),
        (b"\x00\x01\x02\x03" * 50, "x.csv", "cannot be read"),
        ("a\0b,c\n", "x.csv", "cannot be read"),
        ('{"id":{"time":"2026-01-05T08:20:00Z"}}\n', "log.jsonl", "google-workspace-logins"),
        ("person_id\n" + "x" * 200_000, "people.csv", "people.csv"),
        (",".join(f"column {n}" for n in range(3_000)) + "\n", "x.csv", "Match the columns"),
    ],
)
def test_whatever_is_sent_can_be_looked_at(ops, text, name, said):
    page = ops.get(send(ops, text, name))
    assert page.status_code == 200
    assert said in page.text


@pytest.mark.sqlite_only
def test_a_file_taken_in_twice_at_once_is_taken_once(ops):
    look = send(ops, "person_id,email,name\nP1,a@example.org,A\n", "people.csv")
    upload_id = look.rsplit("/", 1)[1]
    now = datetime.now(UTC)
    with transaction():
        assert uploads.claim(upload_id, now, SYSTEM)
    answer = ops.post(f"{look}/take", data={"what": "kind:people"})
    assert answer.status_code == 422
    assert "being taken in already" in answer.text
    assert count_rows(ImportRun) == 0
    with transaction():
        uploads.tick(upload_id, now, 12)
    assert "is being taken in" in ops.get(look).text
    assert ops.post(f"{look}/discard").status_code == 422
    said = ops.get(f"{look}/progress").json
    assert (said["done"], said["state"]) == (12, "running")
    with transaction():
        assert uploads.claim(upload_id, now + uploads.STALE * 2, SYSTEM)
        uploads.release(upload_id)
    assert ops.post(f"{look}/take", data={"what": "kind:people"}).status_code == 302
    assert count_rows(ImportRun) == 1


@pytest.mark.sqlite_only
def test_kept_files_go_after_a_week(ops):
    look = send(ops, "person_id,email,name\n", "people.csv")
    with transaction():
        assert uploads.sweep(datetime.now(UTC) + uploads.KEEP * 2) == 1
    assert ops.get(look).status_code == 404
    assert count_rows(Piece) == 0


@pytest.mark.sqlite_only
def test_problems_are_taken_along_as_a_file_that_is_safe_to_open(ops):
    text = "person_id,email,name\nP1,=cmd(),A\nP2,b@example.org,B\n"
    look = send(ops, text, "people.csv")
    where = ops.post(f"{look}/take", data=fields(ops.get(look).text)).headers["Location"]
    answer = ops.get(f"{where}/problems.csv")
    rows = answer.text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}").splitlines()
    assert rows[0] == "line,column,value,code,what_to_do,row_taken_in"
    assert rows[1].startswith("2,email,'=cmd(),not_an_email,")
    assert count_rows(ImportProblem) == 1
    assert ops.get("/imports/waiting.csv").status_code == 200
    assert ops.get("/imports/999/problems.csv").status_code == 404


@pytest.mark.sqlite_only
@pytest.mark.parametrize("role", ["rep", "manager", "executive", "admin"])
def test_only_sales_ops_look_at_files(app, ops, role):
    look = send(ops, ROSTER)
    person = make_person(role=role)
    make_account(person)
    client = app.test_client()
    client.post("/sign-in", data={"email": person.email, "password": PASSWORD})
    assert client.get(look).status_code in {403, 404}
    for step in ("", "/take", "/check", "/matching", "/discard"):
        assert client.post(f"{look}{step}").status_code in {403, 404}
    assert client.get(f"{look}/progress").status_code in {403, 404}
    assert count_rows(ImportUpload) == 1


@pytest.mark.sqlite_only
def test_a_set_of_several_files_comes_as_an_archive(ops):
    make_programme()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(
            "crm/sales_teams.csv", "sales_agent,manager,regional_office\nAnn Lee,Bo Ord,East\n"
        )
        archive.writestr(
            "../crm/sales_pipeline.csv",
            "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,"
            "close_value\nD1,Ann Lee,X,Acme,Won,2026-01-05,2026-02-05,500\n",
        )
        archive.writestr("crm/notes.md", "nothing")
    look = send(ops, packed.getvalue(), "crm.zip")
    page = ops.get(look).text
    assert "is read as maven-crm" in page
    assert "ann-lee" in page
    assert ops.post(f"{look}/take", data={"what": "preset:maven-crm"}).status_code == 302
    assert count_rows(Deal) == 1
    lone = send(ops, "a,b\n1,2\n", "crm.csv")
    answer = ops.post(f"{lone}/take", data={"what": "preset:maven-crm"})
    assert answer.status_code == 422
    assert "Compress their folder" in answer.text
