"""The runner with kinds made for the purpose: order, batches, accounting, retries, exit codes."""

import gzip
import io
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from core.db import bulk_insert, count_rows, db, transaction
from core.intake import cli as intake_cli
from core.intake.kinds import (
    BatchResult,
    Column,
    Follower,
    ImportKind,
    Part,
    Preset,
    Problem,
    SetAside,
    instant,
    text,
)
from core.intake.models import ImportProblem, ImportRun, IntakeSetAside
from core.intake.plan import plan
from core.intake.registry import Registry, make_registry
from core.intake.runner import run_import
from core.policy import SYSTEM
from people import queries
from people.cli import IMPORTS as PEOPLE_KINDS
from people.models import Team

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def store_teams(batch, context):
    """A naive load: no look at what is stored, so the database has to refuse repeats."""
    context.memo["batches"] = context.memo.get("batches", 0) + 1
    bulk_insert(Team, [{"name": row["name"], "slug": row["name"]} for _line, row in batch.rows])
    return BatchResult(added=len(batch.rows), touched=[line for line, _row in batch.rows])


def store_marks(batch, context):
    """A kind with its own loop: each row waits for a person, or is stored nowhere."""
    known = queries.by_key()
    at = batch.at["person_id"]
    aside = [
        SetAside(line, batch.raw(place), "unknown_person", row[at])
        for place, (line, row) in enumerate(zip(batch.lines, batch.cells, strict=True))
        if row[at] not in known
    ]
    return BatchResult(added=len(batch.lines) - len(aside), set_aside=aside, watermark=NOW)


THINGS = ImportKind(
    "things", 30, (Column("name", text(), required=True),), ("name",), load=store_teams,
    batch_rows=1000,
)  # fmt: skip
MARKS = ImportKind(
    "marks", 40, (Column("person_id", text(), required=True), Column("at", instant())),
    ("person_id",), load_raw=store_marks, unique_in_file=False,
)  # fmt: skip
KINDS = make_registry([*PEOPLE_KINDS, MARKS, THINGS]).kinds


@pytest.fixture
def write(tmp_path):
    def make(name, content):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make


def take(*paths, **options):
    return run_import(list(paths), kinds=KINDS, actor=SYSTEM, now=NOW, **options)


def take_as(kind, path, **options):
    kinds = {kind.name: kind}
    return run_import([path], kinds=kinds, actor=SYSTEM, now=NOW, **options)


def test_kinds_are_known_by_name_and_taken_in_order(write, tmp_path):
    for name in ("usage.csv", "marks-2026-03.csv.gz", "People.CSV", "things.xlsx", "notes.md"):
        write(name, "x")
    (tmp_path / "deeper").mkdir()
    tasks, skipped = plan([tmp_path], KINDS)
    assert [(task.kind, task.label) for task in tasks] == [
        ("people", "People.CSV"),
        ("things", "things.xlsx"),
        ("marks", "marks-2026-03.csv.gz"),
    ]
    assert skipped == ["deeper", "notes.md", "usage.csv"]


def test_a_folder_comes_in_whole(app, write, tmp_path):
    write("memberships.csv", "person_id,team,start_date\nP1,Owls,2026-01-01\n")
    write("people.csv.gz", gzip.compress(b"person_id,email,name\nP1,a@example.org,A\n"))
    summary = take(tmp_path)
    assert [(file.kind, file.added) for file in summary.files] == [
        ("people", 1),
        ("memberships", 1),
    ]
    assert summary.ok
    assert summary.exit_code == 0
    assert summary.retried == []


def test_many_batches_add_up(app, write):
    names = "\n".join(f"thing {number}" for number in range(25_000))
    seen = []
    summary = take(
        write("things.csv", f"name\n{names}\n"), progress=lambda *told: seen.append(told)
    )
    assert summary.files[0].counts() == {
        "rows": 25_000, "added": 25_000, "changed": 0, "unchanged": 0, "refused": 0, "set_aside": 0,
    }  # fmt: skip
    assert count_rows(Team) == 25_000
    assert seen[-1][1] == seen[-1][2] > 0


def test_the_row_a_database_refuses_stands_alone(app, write):
    take(write("things.csv", "name\nalpha\n"))
    summary = take(write("things.csv", "name\nbeta\nalpha\ngamma\ndelta\n"))
    (file,) = summary.files
    assert (file.added, file.refused) == (3, 1)
    assert [(problem.row, problem.code) for problem in file.problems] == [
        (3, "refused_by_database")
    ]
    assert summary.exit_code == 1
    assert set(queries.team_ids_by_name()) == {"alpha", "beta", "gamma", "delta"}


def test_a_row_nobody_accounts_for_takes_the_batch_back(app, write):
    def forgetful(batch, context):
        store_teams(batch, context)
        return BatchResult(added=1)

    kind = ImportKind("things", 1, THINGS.columns, ("name",), load=forgetful)
    with pytest.raises(ArithmeticError):
        run_import(
            [write("things.csv", "name\na\nb\n")], kinds={"things": kind}, actor=SYSTEM, now=NOW
        )
    assert count_rows(Team) == 0
    run = db.session.get(ImportRun, 1)
    assert (run.state, run.rows) == ("failed", 0)


def test_a_crash_between_batches_leaves_whole_good_rows(app, write):
    def breaks_late(batch, context):
        if "thing 1500" in {row["name"] for _line, row in batch.rows}:
            raise OSError("the disk is full")
        return store_teams(batch, context)

    kind = ImportKind("things", 1, THINGS.columns, ("name",), load=breaks_late, batch_rows=100)
    names = "\n".join(f"thing {number}" + " " * 600 for number in range(2_000))
    with pytest.raises(OSError, match="disk"):
        take_as(kind, write("things.csv", f"name\n{names}\n"))
    run = db.session.get(ImportRun, 1)
    assert run.state == "failed"
    assert 0 < run.rows == run.added == count_rows(Team) < 1_500


def test_an_import_killed_long_ago_is_called_broken_off(app, write):
    for hours in (5, 7):
        with transaction() as session:
            session.add(ImportRun(kind="things", file="x", started_at=NOW - timedelta(hours=hours)))
    take(write("things.csv", "name\na\n"))
    assert [db.session.get(ImportRun, n).state for n in (1, 2, 3)] == ["running", "failed", "done"]


def test_bad_rows_of_every_sort_are_accounted_together(app, write):
    content = (
        b"name,colour,name2\n"
        b"one,red,\n"
        b"two,green\n"
        b'three,"blue,\n'
        b"four,\0,\n"
        b",pink,\n"
        b"one,yellow,\n"
        b"five,x,\n"
    )
    (file,) = take(write("things.csv", content)).files
    assert file.counts() == {
        "rows": 7, "added": 2, "changed": 0, "unchanged": 1, "refused": 4, "set_aside": 0,
    }  # fmt: skip
    assert sorted((problem.row, problem.code) for problem in file.problems) == [
        (3, "wrong_cell_count"),
        (4, "unclosed_quote"),
        (5, "bad_character"),
        (6, "missing"),
    ]
    assert file.unknown_columns == ["colour", "name2"]
    assert count_rows(ImportProblem) == 4


@pytest.mark.parametrize(
    ("header", "code", "field"),
    [
        ("name,NAME", "duplicate_column", "name"),
        (" Name ,colour", None, None),
        ("nom,colour", "missing_column", "name"),
    ],
)
def test_headers(app, write, header, code, field):
    (file,) = take(write("things.csv", f"{header}\na,b\nc,d\n")).files
    if code is None:
        assert file.added == 2
        return
    assert [(problem.row, problem.field, problem.code) for problem in file.problems] == [
        (1, field, code)
    ]
    assert file.counts()["rows"] == file.counts()["refused"] == 2
    run = db.session.get(ImportRun, 1)
    assert (run.state, run.rows, run.refused) == ("refused", 2, 2)


def test_the_first_of_two_unlike_rows_counts_even_batches_apart(app, write):
    lines = ["a" * 600 + f" {number}" for number in range(3_000)]
    kind = ImportKind(
        "things",
        1,
        (Column("name", text(9_000), required=True), Column("colour", text())),
        ("name",),
        load=lambda batch, context: BatchResult(added=len(batch.rows)),
        batch_rows=100,
    )
    rows = [f"{line},red" for line in lines] + [f"{lines[5]},red", f"{lines[6]},blue"]
    path = write("things.csv", "\n".join(["name,colour", *rows]))
    (file,) = take_as(kind, path).files
    assert (file.added, file.unchanged, file.refused) == (3_000, 1, 1)
    assert file.problems[0].row == 3_003
    assert "Line 8" in file.problems[0].message


def test_rows_set_aside_are_kept_once_and_freed_by_people(app, write):
    marks = write("marks.csv", "person_id,at\nP1,2026-01-01T00:00:00Z\nP2,\n")
    for _ in range(2):
        (file,) = take(marks).files
        assert (file.added, file.set_aside) == (0, 2)
        assert count_rows(IntakeSetAside) == 2
    waiting = db.session.get(IntakeSetAside, 1)
    assert (waiting.ref, waiting.line, waiting.file) == ("P1", 2, "marks.csv")
    summary = take(write("people.csv", "person_id,email,name\nP1,a@example.org,A\n"))
    assert [vars(retried) for retried in summary.retried] == [
        {"kind": "marks", "taken": 1, "refused": 0, "waiting": 1}
    ]
    assert count_rows(IntakeSetAside) == 1


def test_a_dry_run_frees_nothing(app, write):
    take(write("marks.csv", "person_id\nP1\n"))
    summary = take(write("people.csv", "person_id,email,name\nP1,a@example.org,A\n"), dry_run=True)
    assert summary.retried[0].taken == 1
    assert count_rows(IntakeSetAside) == 1
    assert queries.by_key() == {}


def test_followers_hear_of_touched_rows_only(app, write):
    heard = []
    follower = Follower(
        "things", lambda ids, context: heard.append((set(ids), context.programme_id))
    )
    take(
        write("things.csv", "name\na\nb\n"),
        write("people.csv", "person_id,email,name\n"),
        followers=[follower],
        programme_id=7,
    )
    assert heard == [({2, 3}, 7)]


def test_a_kind_that_needs_a_programme_says_so(app, write):
    kind = ImportKind(
        "things", 1, THINGS.columns, ("name",), load=store_teams, needs_programme=True
    )
    path = write("things.csv", "name\na\n")
    summary = run_import([path], kinds={"things": kind}, actor=SYSTEM, now=NOW)
    assert summary.files[0].problems[0].code == "no_programme"
    assert summary.exit_code == 2


def test_a_preset_brings_parts_and_notes(app, tmp_path):
    def translate(path, _asked):
        yield Part(
            "people",
            "agents.csv",
            [
                (2, {"person_id": "A1", "email": "a@example.org", "name": "A"}),
                (3, {"person_id": ""}),
            ],
            problems=[Problem(9, "product", "repaired", "GTXPro", refuses=False)],
        )
        yield Part("marks", "deals.csv", iter([(2, {"person_id": "A1"}), (3, {"person_id": "A2"})]))
        yield Part("things", "none.csv", [])

    summary = take(tmp_path, preset=Preset("maven", translate))
    people, marks, things = summary.files
    assert (people.added, people.refused) == (1, 1)
    assert (9, "repaired") in [(problem.row, problem.code) for problem in people.problems]
    assert (marks.added, marks.set_aside) == (1, 1)
    assert things.rows == 0
    assert summary.exit_code == 1


def test_an_unreadable_and_an_unknown_file_are_named(app, tmp_path, write):
    summary = take(tmp_path / "people.csv", write("holiday.csv", "a\n"))
    assert [file.problems[0].code for file in summary.files] == ["unreadable", "unknown_kind"]
    assert summary.exit_code == 2


def test_the_summary_is_the_contracts(app, write):
    (told,) = take(write("things.csv", "name,colour\na,\n,x\n")).to_json()["files"]
    assert {
        "file",
        "kind",
        "rows",
        "added",
        "changed",
        "unchanged",
        "refused",
        "set_aside",
    } <= told.keys()
    assert told["unknown_columns"] == ["colour"]
    assert told["problems"] == [
        {
            "row": 3,
            "field": "name",
            "code": "missing",
            "value": None,
            "message": "A required cell is empty. Fill it in.",
            "refused": True,
        }
    ]


def test_two_registries_of_one_name_are_refused():
    with pytest.raises(ValueError, match="same import kind"):
        make_registry([THINGS, THINGS])


@pytest.fixture
def run(app, monkeypatch):
    """run(args, stdin) is `flask import` over the kinds of this file."""
    monkeypatch.setattr(
        intake_cli,
        "registry",
        lambda: Registry(kinds=KINDS, find_programme=lambda slug: {"csp": 1}.get(slug or "")),
    )

    def invoke(*args, data=b""):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        return app.test_cli_runner().invoke(args=["import", *map(str, args)], input=data)

    return invoke


@pytest.mark.sqlite_only
def test_the_command_keeps_json_on_stdout_and_words_on_stderr(run, write):
    result = run(write("things.csv", "name\na\n"), "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["ok"], told["files"][0]["added"]) == (True, 1)
    assert "things.csv: 1 rows, 1 added" in result.stderr


@pytest.mark.sqlite_only
def test_exit_codes(run, write):
    assert run(write("things.csv", "name\na\n")).exit_code == 0
    partly = run(write("things.csv", "name,x\nb,1\n,2\n"))
    assert partly.exit_code == 1
    assert "line 3, name: missing" in partly.stderr
    assert run(write("things.csv", "nom\nb\n")).exit_code == 2
    assert run("nowhere.csv").exit_code == 2
    assert run(write("things.csv", "name\n")).exit_code == 0


@pytest.mark.sqlite_only
def test_standard_input_needs_its_kind(run):
    result = run("-", "--as", "things", "--json", data=b"name\nzeta\n")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["files"][0]["file"] == "standard input"
    assert run("-", data=b"name\nzeta\n").exit_code == 2


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    "options",
    [
        ["--as", "robots"],
        ["--preset", "none"],
        ["--time-zone", "Mars/Base"],
        ["--programme", "none"],
    ],
)
def test_options_that_mean_nothing_are_refused(run, write, options):
    result = run(write("things.csv", "name\na\n"), *options)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert count_rows(Team) == 0


@pytest.mark.sqlite_only
def test_a_dry_run_says_so(run, write):
    result = run(write("things.csv", "name\na\n"), "--dry-run", "--programme", "csp")
    assert result.exit_code == 0
    assert "nothing was stored" in result.stderr
    assert count_rows(Team) == 0


def test_a_zone_reaches_the_kind(app, write):
    zones = []

    def note(batch, context):
        zones.append(context.time_zone)
        return BatchResult(added=len(batch.lines))

    kind = ImportKind("marks", 1, MARKS.columns, ("person_id",), load_raw=note)
    path = write("marks.csv", "person_id\na\n")
    zone = ZoneInfo("Europe/Berlin")
    take_as(kind, path, time_zone=zone)
    assert zones == [zone]


def test_a_path_is_never_more_than_a_path(app, tmp_path):
    assert take(Path("/nonexistent/things.csv")).files[0].problems[0].code == "unreadable"
