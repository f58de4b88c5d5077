"""Reading files: every line is a row, a blank, or a named problem, whatever is thrown at it."""

import gzip
import io
import zipfile
from contextlib import suppress
from datetime import UTC, date, datetime
from unittest.mock import patch

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from core.intake import blocks, lines
from core.intake.blocks import FileRefused
from core.intake.reader import RowReader


def read(path, data):
    """(header, [(line, cells)], [(line, code)]) of some bytes."""
    path.write_bytes(data)
    with RowReader(path) as found:
        rows = [
            (line, cells)
            for block in found.blocks()
            for line, cells in zip(block.lines, block.cells, strict=True)
        ]
        problems = [(problem.row, problem.code) for problem in found.take_problems()]
        assert found.rows == len(rows) + len(problems)
        assert found.refused == len(problems)
        return found.header, rows, problems


def refusal(path, data):
    path.write_bytes(data)
    with pytest.raises(FileRefused) as caught, RowReader(path):
        pass
    return caught.value.problem.code


@pytest.fixture
def file(tmp_path):
    return tmp_path / "people.csv"


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (b"a,b\n1,2\n", [(2, ["1", "2"])]),
        (b"a,b\r\n1,2\r\n3,4", [(2, ["1", "2"]), (3, ["3", "4"])]),
        (b"a,b\r1,2\r", [(2, ["1", "2"])]),
        (b"a;b\n1,5;2\n", [(2, ["1,5", "2"])]),
        (b"a\tb\n1\t2\n", [(2, ["1", "2"])]),
        (b"sep=;\na;b\n1;2\n", [(3, ["1", "2"])]),
        (b'"a;x","b"\n1,2\n', [(2, ["1", "2"])]),
        (b"\xef\xbb\xbfa,b\n1,\xc3\xb6\n", [(2, ["1", "ö"])]),
        (b"a,b\n1,\xf6\n", [(2, ["1", "ö"])]),
        ("a\tb\n1\tö\n".encode("utf-16"), [(2, ["1", "ö"])]),
        (b"\n\na,b\n1,2\n", [(4, ["1", "2"])]),
        (b"a,b\n\n1,2\n,\n3,4\n", [(3, ["1", "2"]), (5, ["3", "4"])]),
        (b"a,b,\n1,2,\n3,4,,,\n", [(2, ["1", "2"]), (3, ["3", "4"])]),
        (b'a,b\n"1 ""x""","2,\n3"\n4,5\n', [(2, ['1 "x"', "2,\n3"]), (4, ["4", "5"])]),
        (b'a,b\n1,5" pipe\n', [(2, ["1", '5" pipe'])]),
        (b"a\n1\n\n2\n", [(2, ["1"]), (4, ["2"])]),
        ("a,b\n1,x\u2028y\x0bz\n".encode(), [(2, ["1", "x\u2028y\x0bz"])]),
    ],
)
def test_good_files(file, data, rows):
    _header, found, problems = read(file, data)
    assert found == rows
    assert problems == []
    file = file.with_suffix(".csv.gz")
    assert read(file, gzip.compress(data))[1] == rows


@pytest.mark.parametrize(
    ("data", "kept", "problems"),
    [
        (b'a,b\n1,"x\n2,y\n3,z\n', [3, 4], [(2, "unclosed_quote")]),
        (b'a,b\n1,"x\n2,"y\n3,z\n', [4], [(2, "unclosed_quote"), (3, "unclosed_quote")]),
        (b'a,b\n1,"x\n2,"y"\n3,z\n', [3, 4], [(2, "unclosed_quote")]),
        (b'a,b\n1,2\n3,"x', [2], [(3, "unclosed_quote")]),
        (b'a,b\n1,"x"y\n2,z\n', [3], [(2, "malformed_quote")]),
        (b"a,b\n1\n1,2,3\n4,5\n", [4], [(2, "wrong_cell_count"), (3, "wrong_cell_count")]),
        (b"a,b\n1,\0\n2,3\n", [3], [(2, "bad_character")]),
        (b"a,b\n1,\xc3\xb6\n2,\xff\n3,4\n", [2, 4], [(3, "bad_encoding")]),
        (b"a,b\n1,\xed\xa0\x80\n2,3\n", [3], [(2, "bad_encoding")]),
        (b"a,b\n1," + b"x" * 2_000_000 + b"\n2,3\n", [3], [(2, "too_long")]),
    ],
)
def test_a_bad_line_is_named_and_the_next_is_read(file, data, kept, problems):
    _header, rows, found = read(file, data)
    assert [line for line, _cells in rows] == kept
    assert found == problems


def test_an_unclosed_quote_early_in_a_large_file_costs_one_line(file):
    lines = [f"{number},name {number}" for number in range(60_000)]
    lines[10] = '10,"open'
    _header, rows, problems = read(file, "\n".join(["a,b", *lines]).encode())
    assert len(rows) == 59_999
    assert problems == [(12, "unclosed_quote")]
    assert rows[-1] == (60_001, ["59999", "name 59999"])


def test_a_quoted_cell_may_lie_across_blocks(file):
    long = "word\n" * 300
    data = 'a,b\n1,"' + long + '"\n2,z\n'
    with patch.object(lines, "BLOCK_CHARACTERS", 64):
        _header, rows, problems = read(file, data.encode())
    assert [line for line, _cells in rows] == [2, 303]
    assert rows[0][1][1] == long
    assert problems == []


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b"\n \n", "empty_file"),
        (b"a,b\n1,\x81\xf6\n", "bad_encoding"),
        (b"a\0\0\0,\0\0\0" * 20, "bad_encoding"),
        (gzip.compress(b"a,b\n" + b"1,2\n" * 999)[:-9], "damaged_archive"),
        (b"\x1f\x8b\x08 nonsense", "damaged_archive"),
        (b"PK\x03\x04 nonsense", "damaged_archive"),
        (b"\xd0\xcf\x11\xe0 an old workbook", "unreadable"),
        (b"x" * 500_000, "unreadable"),
    ],
)
def test_files_refused_as_a_whole(file, data, code):
    assert refusal(file, data) == code


def test_a_bomb_is_refused_while_it_unpacks(file):
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=9) as archive:
        for _ in range(100):
            archive.write(b"0,0\n" * 250_000)
    assert refusal(file, packed.getvalue()) == "too_big"


def test_a_workbook_bomb_is_refused_by_its_directory(file):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (blocks.LARGEST_SHEET + 1))
    assert refusal(file, packed.getvalue()) == "too_big"


def test_a_missing_file(tmp_path):
    with pytest.raises(FileRefused) as caught, RowReader(tmp_path / "none.csv"):
        pass
    assert caught.value.problem.code == "unreadable"


def workbook(path, rows, first=0):
    book = xlsxwriter.Workbook(str(path), {"remove_timezone": True})
    sheet = book.add_worksheet()
    days = book.add_format({"num_format": "yyyy-mm-dd"})
    moments = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    for number, row in enumerate(rows):
        for place, value in enumerate(row):
            kind = (
                moments
                if isinstance(value, datetime)
                else days
                if isinstance(value, date)
                else None
            )
            sheet.write(number + first, place, value, *([kind] if kind else []))
    book.close()


def test_a_workbook_reads_as_the_csv_it_stands_for(tmp_path):
    path = tmp_path / "usage.xlsx"
    rows = [
        ["event_id", "value", "day", "at", "flag", None],
        [1.0, 2.5, date(2026, 3, 2), datetime(2026, 3, 2, 9, 30, tzinfo=UTC), True, None],
        [None, None, None, None, None, None],
        ["00123", -7, "2026-03-03", "2026-03-03T10:00:00Z", False, None],
    ]
    workbook(path, rows, first=2)
    with RowReader(path) as found:
        assert found.header == ("event_id", "value", "day", "at", "flag")
        (block,) = list(found.blocks())
    assert list(zip(block.lines, block.cells, strict=True)) == [
        (4, ["1", "2.5", "2026-03-02", "2026-03-02T09:30:00", "true"]),
        (6, ["00123", "-7", "2026-03-03", "2026-03-03T10:00:00Z", "false"]),
    ]


def test_the_dimension_a_workbook_states_is_not_trusted(tmp_path):
    path = tmp_path / "people.xlsx"
    workbook(path, [["a", "b"], *([number, "x"] for number in range(500))])
    lying = tmp_path / "lying.xlsx"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(lying, "w") as target:
        for entry in source.infolist():
            data = source.read(entry)
            if entry.filename.endswith("sheet1.xml"):
                data = data.replace(b'ref="A1:B501"', b'ref="A1"')
                assert b'ref="A1"' in data
            target.writestr(entry, data)
    with RowReader(lying) as found:
        assert sum(len(block.cells) for block in found.blocks()) == 500


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("any") / "any.csv"
    path.write_bytes(data)
    with suppress(FileRefused):
        read(path, data)


CELLS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\x1a\ufeff"), max_size=12
).map(lambda text: text.replace("\n", " "))


@given(st.lists(st.tuples(CELLS, CELLS), max_size=12), st.sampled_from([",", ";", "\t"]))
def test_what_a_csv_writer_writes_comes_back(tmp_path_factory, rows, separator):
    import csv

    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    writer.writerow(["one", "two"])
    writer.writerows(rows)
    path = tmp_path_factory.mktemp("back") / "back.csv"
    _header, found, problems = read(path, text.getvalue().encode())
    assert problems == []
    wanted = [list(row) for row in rows if any(cell.strip() for cell in row)]
    assert [cells for _line, cells in found] == wanted
