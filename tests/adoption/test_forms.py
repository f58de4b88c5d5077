"""Rows of usage give the same records whether they are turned together or one by one."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adoption import forms
from adoption.forms.moments import stamp_of, stamps_of
from core.intake.kinds import RawBatch

HEADER = forms.USAGE_COLUMNS
GOOD = {
    "event_id": ["e1", "e2", "a\\b"],
    "person_id": ["P1", "P2"],
    "email": ["", "Ada@Example.org"],
    "kind": ["login", "guided_use"],
    "occurred_at": ["2026-03-02T15:00:00Z", "2026-03-02T23:30:00.250-05:30"],
    "received_at": ["", "2026-03-03T00:00:00+00:00"],
    "object_id": ["", "D1"],
    "value": ["", "2.5", "-3"],
    "voided": ["", "true", "0"],
    "fingerprint": ["", "f"],
    "source": ["", "crm"],
}
ODD = {
    "event_id": ["", " e1 ", "ünï", "x" * 201],
    "person_id": ["", "P 1"],
    "email": [" a@b.org"],
    "kind": ["", "k" * 81, "sequence run"],
    "occurred_at": ["", "2026-02-30T15:00:00Z", "2026-03-02 15:00:00Z", "99999-01-01T00:00:00Z"],
    "received_at": ["soon", "2026-03-03T00:00Z"],
    "value": ["NaN", ".5", "1e3"],
    "voided": ["Yes", "perhaps"],
    "source": ["a source"],
}


def batch(rows):
    at = {name: place for place, name in enumerate(HEADER)}
    return RawBatch("usage", "usage.csv", HEADER, at, range(2, len(rows) + 2), rows)


def said(parsed):
    """Every record as a tuple by place, and every problem."""
    records = parsed.records
    columns = [records.cells(name) for name in vars(records) if name != "places"]
    faults = [(problem.row, problem.field, problem.code) for problem in parsed.problems]
    return [*zip(records.places, *columns, strict=True)], faults


@pytest.mark.parametrize("odd_share", [0, 0.02, 0.5])
def test_rows_together_and_one_by_one_are_the_same(odd_share):
    rnd = Random(odd_share)
    rows = []
    for _ in range(300):
        row = {name: rnd.choice(cells) for name, cells in GOOD.items()}
        if rnd.random() < odd_share:
            name = rnd.choice([*ODD])
            row[name] = rnd.choice(ODD[name])
        rows.append([*row.values()])
    together = said(forms.parse_batch(batch(rows), "file", None))
    records, faults = [], []
    for place, row in enumerate(rows):
        [[*found], problems] = said(forms.parse_batch(batch([row]), "file", None))
        records += [(place, *record[1:]) for record in found]
        faults += [(place + 2, *problem[1:]) for problem in problems]
    assert together == (records, faults)
    assert len({fault[0] for fault in faults}) + len(records) == len(rows)
    assert bool(faults) == bool(odd_share)


def test_moments_of_every_offset_are_read_as_python_reads_them():
    rnd = Random(5)
    start = datetime(1970, 1, 4, tzinfo=UTC)
    written, expected = [], []
    for _ in range(500):
        moment = start + timedelta(microseconds=rnd.randrange(7_000_000_000_000_000))
        offset = timedelta(minutes=rnd.randrange(-1080, 1080, 15))
        local = (moment + offset).replace(tzinfo=None)
        sign = "-" if offset < timedelta(0) else "+"
        minutes = abs(offset) // timedelta(minutes=1)
        timespec = rnd.choice(["seconds", "milliseconds", "microseconds"])
        text = f"{local.isoformat(timespec=timespec)}{sign}{minutes // 60:02}:{minutes % 60:02}"
        written.append(text)
        expected.append(stamp_of(datetime.fromisoformat(text)))
    assert stamps_of(written) == expected


@pytest.mark.parametrize(
    "odd", ["", "1970-01-02T00:00:00Z", "2199-12-31T00:00:00Z", "0000-01-01T00:00:00Z", "9999"]
)
def test_one_odd_moment_sends_its_column_to_the_careful_way(odd):
    good = "2026-03-02T15:00:00Z"
    assert stamps_of([good, good]) == ["2026-03-02 15:00:00.000000"] * 2
    assert stamps_of([good, odd, good]) is None


TEXTS = st.sampled_from(["", "a", "2026-03-02T15:00:00Z", "P1"])
ODDITIES = st.sampled_from([1, True, None, 2.5, [], "a\0b"])
NAMED = st.sampled_from(sorted(HEADER))
EVENTS = st.dictionaries(NAMED | st.just("colour"), TEXTS, max_size=6) | st.none()
ODD_EVENTS = st.dictionaries(NAMED, TEXTS | ODDITIES, max_size=6)
PLAIN = st.fixed_dictionaries(
    dict.fromkeys(("event_id", "kind", "occurred_at", "person_id"), TEXTS),
    optional=dict.fromkeys(("email", "object_id", "source"), TEXTS),
)


@given(st.lists(PLAIN, min_size=1) | st.lists(PLAIN | EVENTS | ODD_EVENTS))
def test_events_taken_together_are_the_cells_of_their_rows(events):
    """Whatever is taken together says what each event says by itself, and is plain."""
    now = datetime(2026, 3, 3, tzinfo=UTC)
    numbered = [*enumerate(events, start=1)]
    block = forms.block_of_events(numbered, now)
    if events and all(isinstance(each, dict) and NEEDS <= {*each} <= {*HEADER} for each in events):
        said = [value for each in events for value in each.values()]
        assert (block is not None) is all(isinstance(v, str) and "\0" not in v for v in said)
    if block is None:
        return
    rows = [*forms.rows_of_events(numbered, now)]
    assert block.numbers == [number for number, _row in rows]
    for cells, (_number, row) in zip(block.cells, rows, strict=True):
        assert row == dict.fromkeys(row, "") | dict(zip(block.columns, cells, strict=True))


NEEDS = {"event_id", "kind", "occurred_at", "person_id"}
