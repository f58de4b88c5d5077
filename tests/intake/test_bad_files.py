# ruff: noqa: E501 - one case a line
"""Wrong files of every sort: a clear message with the line and what to do, the good rows in.

After each of them the database is whole: figures, pages and the next import work as before.
"""

import gzip
import io
import json
import zipfile

import pytest
import xlsxwriter
from sqlalchemy import select

from core.db import count_rows, db
from core.intake import blocks
from people.models import Person
from programme.models import OutcomeReading
from tests.factories.people import make_team
from tests.factories.programme import make_programme

HEAD = "person_id,email,name,hire_date\n"
GOOD = "P1,p1@example.org,Ann,2026-01-05\n"
LAST = "P9,p9@example.org,Zoe,2026-01-06\n"


def table(*lines):
    return HEAD + GOOD + "".join(f"{line}\n" for line in lines) + LAST


def zipped(**files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "/"), data)
    return packed.getvalue()


def workbook(fill, first=(HEAD, GOOD)):
    packed = io.BytesIO()
    book = xlsxwriter.Workbook(packed, {"in_memory": True})
    sheet = book.add_worksheet()
    for number, line in enumerate(first):
        sheet.write_row(number, 0, line.strip().split(","))
    fill(book, sheet)
    book.close()
    return packed.getvalue()


def _nothing(_book, sheet):
    sheet.write_row(3, 3, [" ", "  "])


def _formulas(_book, sheet):
    sheet.write_row(2, 0, ["P2", "p2@example.org"])
    sheet.write_formula(2, 2, '="Bo"&" Ord"', None, "Bo Ord")
    sheet.write_row(3, 0, ["P3", "p3@example.org", "Cy"])
    sheet.write_formula(3, 3, "=1/0", None, "#DIV/0!")
    sheet.write_row(4, 0, LAST.strip().split(","))


def _merged(_book, sheet):
    sheet.merge_range(2, 0, 3, 0, "P2")
    sheet.write_row(2, 1, ["p2@example.org", "Bo", "2026-01-05"])
    sheet.write_row(3, 1, ["p3@example.org", "Cy", "2026-01-05"])
    sheet.write_row(4, 0, LAST.strip().split(","))


def _numbers(book, sheet):
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.write_string(2, 0, "007")
    sheet.write_row(2, 1, ["p2@example.org", "Bo"])
    sheet.write_number(2, 3, 45678)
    sheet.write_number(3, 0, 8)
    sheet.write_row(3, 1, ["p8@example.org", "Cy"])
    sheet.write_number(3, 3, 46000, day)
    sheet.write_row(4, 0, ["P1900", "p1900@example.org", "Di"])
    sheet.write_number(4, 3, 0, day)
    sheet.write_row(5, 0, ["P5", "p5@example.org", "Ed"])
    sheet.write_number(5, 3, 2958466, day)
    sheet.write_row(6, 0, LAST.strip().split(","))


ENCRYPTED = (
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le") + b"\0" * 600
)

# name, bytes or text, people stored, (line, code) of every problem, what the messages must say
CASES = [
    ("empty", b"", [], [(1, "empty_file")], ["header row"]),
    ("blank lines only", b"\r\n \n\n", [], [(1, "empty_file")], ["header row"]),
    ("header only", HEAD, [], [], []),
    ("nul bytes", table("P2,p2@example.org,B\0o,"), ["P1", "P9"], [(3, "bad_character")], ["Remove"]),
    ("unclosed quote", table('P2,p2@example.org,"Bo,'), ["P1", "P9"], [(3, "unclosed_quote")], ["Close the quotation mark"]),
    ("text after a quote", table('P2,p2@example.org,"Bo"x,'), ["P1", "P9"], [(3, "malformed_quote")], ["Double the quotation marks"]),
    ("ragged rows", table("P2", "P3,p3@example.org,Cy,,,more"), ["P1", "P9"], [(3, "wrong_cell_count"), (4, "wrong_cell_count")], ["has 1 cells, the header has 4", "missing or extra separator"]),
    ("duplicate headers", HEAD.replace("hire_date", "Email") + GOOD, [], [(1, "duplicate_column")], ["email occurs 2 times", "Keep one"]),
    ("missing column", "person_id,name\nP1,Ann\n", [], [(1, "missing_column")], ["lacks email", "A people file has"]),
    ("wrong separator", table("P2,p2@example.org,Bo,").replace(",", "|"), [], [(1, "missing_column")], ["separated by |", "comma"]),
    ("one line of 10 MB", table("P2,p2@example.org," + "x" * (10 << 20) + ","), ["P1", "P9"], [(3, "too_long")], ["Shorten"]),
    ("no line end at all", b"x" * (3 << 20), [], [(1, "unreadable")], ["not a header row"]),
    ("year 99999", table("P2,p2@example.org,Bo,99999-01-01", "P3,p3@example.org,Cy,0001-01-01"), ["P1", "P9"], [(3, "out_of_range"), (4, "out_of_range")], ["Check the"]),
    ("words a database would take", table("P2,p2@example.org,Bo,now", "P3,p3@example.org,Cy,infinity"), ["P1", "P9"], [(3, "not_a_date"), (4, "not_a_date")], ["YYYY-MM-DD"]),
    ("day and month unclear", table("P2,p2@example.org,Bo,03/04/2026"), ["P1", "P9"], [(3, "not_a_date")], ["YYYY-MM-DD"]),
    ("same key, other content", table("P1,other@example.org,Ann,"), ["P1", "P9"], [(3, "duplicate_key_conflict")], ["Line 2 has the same person_id"]),
    ("control signs", table("P2,p2@example.org,B\x07o,"), ["P1", "P9"], [(3, "bad_character")], ["Remove"]),
    ("one broken letter", table("P2,p2@example.org,B\u00f6,").encode().replace(b"\xc3\xb6", b"\xc3\x28") + "P8,p8@example.org,Zoë,\n".encode(), ["P1", "P8", "P9"], [(3, "bad_encoding")], ["CSV UTF-8"]),
    ("no encoding fits", HEAD.encode() + b"P1,a@example.org,\x81\xf6\x8d,\n", [], [(1, "bad_encoding")], ["CSV UTF-8"]),
    ("Windows-1252", table("P2,p2@example.org,Zoë – O’Neil,").encode("cp1252"), ["P1", "P2", "P9"], [], []),
    ("UTF-8 with two marks", "\ufeff\ufeff" + table(), ["P1", "P9"], [], []),
    ("UTF-16", table("P2,p2@example.org,Zoë,").replace(",", "\t").encode("utf-16"), ["P1", "P2", "P9"], [], []),
    ("UTF-16 without a mark", table("P2,p2@example.org,Zoë,").encode("utf-16-le"), ["P1", "P2", "P9"], [], []),
    ("UTF-16 the other way round", table("P2,p2@example.org,Zoë,").encode("utf-16-be"), ["P1", "P2", "P9"], [], []),
    ("UTF-16 cut in a letter", table().encode("utf-16")[:-1], [], [(1, "bad_encoding")], ["CSV UTF-8"]),
    ("UTF-32", table().encode("utf-32"), [], [(1, "bad_encoding")], ["CSV UTF-8"]),
    ("carriage returns only", table("P2,p2@example.org,Bo,").replace("\n", "\r"), ["P1", "P2", "P9"], [], []),
    ("mixed line ends", (HEAD + GOOD).replace("\n", "\r\n") + "P2,p2@example.org,Bo,\r" + "P3,p3@example.org,Cy\n" + LAST, ["P1", "P2", "P9"], [(4, "wrong_cell_count")], []),
    ("blank and comma lines", table("", ",,,", "  "), ["P1", "P9"], [], []),
    ("very many columns", ",".join([HEAD.strip(), *(f"c{n}" for n in range(5_000))]) + "\n" + GOOD.strip() + "," * 5_000 + "\n", ["P1"], [], []),
    ("very many cells", table("P2" + "," * 60_000), ["P1", "P9"], [(3, "missing"), (3, "missing")], ["Fill it in"]),
    ("random bytes", bytes(range(256)) * 300, [], [(1, "bad_encoding")], ["Save it as"]),
    ("a picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\0" + bytes(range(256)) * 9, [], [(1, "bad_encoding")], ["Save it as"]),
    ("a PDF", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Type /Catalog>>\n", [], [(1, "unreadable")], ["PDF"]),
    ("a web page", b"<!DOCTYPE html>\n<html><body>Sign in</body></html>\n", [], [(1, "unreadable")], ["web page", "download"]),
    ("JSON", json.dumps([{"person_id": "P1"}]), [], [(1, "unreadable")], ["JSON", "CSV"]),
    ("gzip cut off", gzip.compress((HEAD + GOOD * 9_000).encode())[:-30], [], [(1, "damaged_archive")], ["again"]),
    ("gzip of nonsense", b"\x1f\x8b\x08\x00 nonsense", [], [(1, "damaged_archive")], ["again"]),
    ("gzip of nothing", gzip.compress(b""), [], [(1, "empty_file")], ["header row"]),
    ("not a zip", b"PK\x03\x04 nonsense", [], [(1, "damaged_archive")], ["again"]),
    ("a zip of a table", zipped(**{"people.csv": HEAD + GOOD}), [], [(1, "unreadable")], ["people.csv", "Unpack"]),
    ("a zip bomb", zipped(xl__worksheets__sheet1="0" * (blocks.LARGEST_SHEET + 1)), [], [(1, "too_big")], ["CSV"]),
    ("a workbook with a password", ENCRYPTED, [], [(1, "unreadable")], ["password"]),
    ("a workbook of the old format", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, [], [(1, "unreadable")], ["old format", ".xlsx"]),
    ("formulas", workbook(_formulas), ["P1", "P2", "P9"], [(4, "formula_error")], ["Correct the formula"]),
    ("merged cells", workbook(_merged), ["P1", "P2", "P9"], [(4, "missing")], ["Fill it in"]),
    ("numbers, texts and 1900", workbook(_numbers), ["8", "P1", "P9"], [(3, "not_a_date"), (5, "not_a_date"), (6, "not_a_date")], ["YYYY-MM-DD"]),
    ("a workbook of nothing", workbook(_nothing, first=()), [], [(1, "empty_file")], ["header row"]),
]  # fmt: skip


@pytest.fixture
def ran(app, tmp_path):
    """Run `flask import` on some bytes; answers what it printed as JSON."""

    def run(content, name="people.csv", *options):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        done = app.test_cli_runner().invoke(args=["import", str(path), *options, "--json"])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.output
        db.session.rollback()
        summary = json.loads(done.stdout)
        for file in summary["files"]:
            parts = ("added", "changed", "unchanged", "refused", "set_aside")
            assert file["rows"] == sum(file[part] for part in parts)
        return done.exit_code, summary

    return run


def people():
    return sorted(db.session.scalars(select(Person.key)))


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("content", "stored", "problems", "said"),
    [case[1:] for case in CASES],
    ids=[case[0].replace(" ", "-") for case in CASES],
)
def test_a_wrong_file_is_named_and_its_good_rows_are_in(ran, content, stored, problems, said):
    code, summary = ran(content)
    [file] = summary["files"]
    assert people() == stored
    assert [(p["row"], p["code"]) for p in file["problems"]] == problems
    words = " ".join(problem["message"] for problem in file["problems"])
    for part in said:
        assert part in words
    assert code == (0 if not problems else 1 if stored else 2)
    assert all(len(problem["value"] or "") <= 120 for problem in file["problems"])
    # The next, sound file comes in as if nothing had been.
    assert ran(HEAD + GOOD.replace("Ann", "Anna"))[0] == 0
    assert "P1" in people()


MOMENTS = """event_id,person_id,kind,occurred_at,value
e1,{key},guided_use,2026-03-02T09:00:00Z,1
e2,{key},guided_use,2026-03-02 09:00,1
e3,{key},guided_use,99999-03-02T09:00:00Z,1
e4,{key},guided_use,now,1
e5,{key},guided_use,2026-03-02T09:00:00+99:00,1
e6,{key},guided_use,2026-03-03T09:00:00Z,NaN
e7,{key},guided_use,2026-03-03T09:00:00Z,1e400
e8,{key},,2026-03-03T09:00:00Z,1
e9,{key},guided_use,2026-03-04T09:00:00Z,2.5
"""


def test_poison_in_a_file_never_spoils_a_figure_or_a_page(app, ran):
    make_programme(slug="csp")
    team = make_team(1)
    key = team.members[0].key
    code, summary = ran(MOMENTS.format(key=key), "usage.csv", "--programme", "csp")
    [file] = summary["files"]
    assert code == 1
    assert (file["added"], file["refused"]) == (2, 7)
    assert [(p["row"], p["field"], p["code"]) for p in file["problems"]] == [
        (3, "occurred_at", "naive_instant"),
        (4, "occurred_at", "out_of_range"),
        (5, "occurred_at", "not_an_instant"),
        (6, "occurred_at", "not_an_instant"),
        (7, "value", "not_a_number"),
        (8, "value", "not_a_number"),
        (9, "kind", "missing"),
    ]
    for figure, options in (
        ("adoption", ["-p", "through=2026-03-31"]),
        ("dau_wau_mau", ["-p", "on=2026-03-02"]),
        ("weekly_adoption", ["-p", "week=2026-03-02"]),
    ):
        done = app.test_cli_runner().invoke(
            args=["figures", figure, "--programme", "csp", *options, "--json"]
        )
        assert done.exit_code == 0, done.output
    again = ran(MOMENTS.format(key=key), "usage.csv", "--programme", "csp")[1]["files"][0]
    assert (again["added"], again["changed"], again["unchanged"]) == (0, 0, 2)


def test_a_sheet_of_every_sort_of_wrong_rows_leaves_the_database_whole(ran):
    bad = [case[1] for case in CASES if isinstance(case[1], str) and case[2] == ["P1", "P9"]]
    rows = [line for text in bad for line in text.split("\n")[2:-2] if len(line) < 10_000]
    code, summary = ran(HEAD + GOOD + "\n".join(rows) + "\n" + LAST)
    assert code == 1
    assert people() == ["P1", "P9"]
    assert summary["files"][0]["refused"] >= 10
    assert ran(HEAD + GOOD + LAST)[1]["files"][0]["unchanged"] == 2


READINGS = """outcome,on,value,team
revenue,2026-03-31,110.5,
revenue,2026-03-31,120,{team}
revenue,2026-03-31,120,{team}
revenue,2026-03-31,121,{team}
revenue,2026-06-30,115,Nobody's
sales,2026-06-30,115,
revenue,31/06/2026,115,
revenue,2026-06-30,1.23456,
revenue,2026-06-30,,
"""


def test_readings_of_outcomes(app, ran):
    from programme.models import Outcome
    from tests.factories.people import writing

    owner = make_programme(slug="csp")
    team = make_team(0).team.name
    with writing() as session:
        session.add(
            Outcome(
                programme_id=owner.id, slug="revenue", title="Revenue", unit="USD",
                direction="up", baseline=100,
            )
        )  # fmt: skip
    code, summary = ran(READINGS.format(team=team), "readings.csv", "--programme", "csp")
    [file] = summary["files"]
    assert code == 1
    assert (file["rows"], file["added"], file["unchanged"], file["refused"]) == (9, 2, 1, 6)
    assert [(p["row"], p["field"], p["code"]) for p in file["problems"]] == [
        (8, "on", "not_a_date"),
        (9, "value", "out_of_range"),
        (10, "value", "missing"),
        (5, "outcome", "duplicate_key_conflict"),
        (6, "team", "unknown_team"),
        (7, "outcome", "unknown_outcome"),
    ]
    assert "revenue" in file["problems"][-1]["message"]
    text = READINGS.format(team=team).replace("110.5", "111")
    again = ran(text, "readings.csv", "--programme", "csp")[1]["files"][0]
    assert (again["added"], again["changed"], again["unchanged"]) == (0, 1, 2)
    assert count_rows(OutcomeReading) == 2
