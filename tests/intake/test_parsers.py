"""Cells one by one: what is taken, and every poison that must not get through (TRUST W9, W10)."""

from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.intake import parsers
from core.intake.parsers import BadCell, Context

BERLIN = Context(ZoneInfo("Europe/Berlin"))
NONE = Context()
# Hypothesis adds the zone itself.
EARLY, LATE = datetime(1950, 1, 1), datetime(2150, 1, 1)  # noqa: DTZ001


def refused(parser, cell, context=NONE):
    with pytest.raises(BadCell) as caught:
        parser(cell, context)
    assert caught.value.message
    return caught.value.code


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("2003-03-03T09:30:00Z", datetime(2003, 3, 3, 9, 30, tzinfo=UTC)),
        ("2003-03-03t09:30z", datetime(2003, 3, 3, 9, 30, tzinfo=UTC)),
        ("2003-03-03 09:30:00+01:00", datetime(2003, 3, 3, 8, 30, tzinfo=UTC)),
        ("2003-03-03T09:30:00.1234567-0530", datetime(2003, 3, 3, 15, 0, 0, 123456, tzinfo=UTC)),
        ("2003-03-03T09:30:00,5 +00:00", datetime(2003, 3, 3, 9, 30, 0, 500000, tzinfo=UTC)),
        ("2003-03-03T23:59:59+14:00", datetime(2003, 3, 3, 9, 59, 59, tzinfo=UTC)),
    ],
)
def test_moments_with_an_offset(cell, value):
    found = parsers.instant()(cell, NONE)
    assert found == value
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("2003-03-03T09:30:00", "naive_instant"),
        ("2003-03-03", "naive_instant"),
        ("now", "not_an_instant"),
        ("yesterday", "not_an_instant"),
        ("infinity", "not_an_instant"),
        ("1046683800", "not_an_instant"),
        ("99999-01-01T00:00:00Z", "out_of_range"),
        ("+12345-01-01", "out_of_range"),
        ("1066-10-14T00:00:00Z", "out_of_range"),
        ("9999-12-31T23:59:59-12:00", "out_of_range"),
        ("2003-02-30T00:00:00Z", "not_an_instant"),
        ("2003-03-03T24:00:00Z", "not_an_instant"),
        ("2003-03-03T23:59:60Z", "not_an_instant"),
        ("2003-03-03T09:30:00+99:00", "not_an_instant"),
        ("2003-03-03Z", "not_an_instant"),
        ("03/03/2003 09:30", "not_an_instant"),
        ("2003-W10-1", "not_an_instant"),
        ("20030303T093000Z", "not_an_instant"),
        ("٢٠٠٣-03-03T09:30:00Z", "not_an_instant"),
        ("2003-03-03T09:30:00Z\0", "not_an_instant"),
    ],
)
def test_moments_that_are_none(cell, code):
    assert refused(parsers.instant(), cell) == code


def test_a_zone_gives_naive_moments_their_instant():
    parse = parsers.instant()
    assert parse("2026-07-01T12:00:00", BERLIN) == datetime(2026, 7, 1, 10, tzinfo=UTC)
    assert parse("2026-10-25T02:30:00", BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert parse("2026-07-01T12:00:00Z", BERLIN) == datetime(2026, 7, 1, 12, tzinfo=UTC)
    assert refused(parse, "2026-03-29T02:30:00", BERLIN) == "no_such_local_time"
    cairo = Context(ZoneInfo("Africa/Cairo"))
    assert refused(parse, "2026-04-24", cairo) == "no_such_local_time"


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("02/03/2026", "not_a_date"),
        ("2026-3-2", "not_a_date"),
        ("2026-02-29", "not_a_date"),
        ("today", "not_a_date"),
        ("45000", "not_a_date"),
        ("20260302", "not_a_date"),
        ("99999-01-01", "out_of_range"),
        ("0001-01-01", "out_of_range"),
        ("2200-01-01", "out_of_range"),
    ],
)
def test_dates_that_are_none(cell, code):
    assert refused(parsers.day(), cell) == code


def test_dates_that_are():
    assert parsers.day()(" 2024-02-29 ", NONE) == date(2024, 2, 29)


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("1.0", "not_an_integer"),
        ("1_000", "not_an_integer"),
        ("1e3", "not_an_integer"),
        ("٣", "not_an_integer"),
        ("true", "not_an_integer"),
        ("NaN", "not_an_integer"),
        ("9007199254740993", "out_of_range"),
        ("9" * 30, "out_of_range"),
        ("9" * 5000, "out_of_range"),
    ],
)
def test_whole_numbers_that_are_none(cell, code):
    assert refused(parsers.integer(), cell) == code


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("NaN", "not_a_number"),
        ("sNaN", "not_a_number"),
        ("Infinity", "not_a_number"),
        ("-inf", "not_a_number"),
        ("1e400", "not_a_number"),
        ("1,000.00", "not_a_number"),
        ("$5", "not_a_number"),
        ("0x10", "not_a_number"),
        (".", "not_a_number"),
        ("9" * 20, "out_of_range"),
        ("0.0000001", "out_of_range"),
    ],
)
def test_numbers_that_are_none(cell, code):
    assert refused(parsers.decimal(), cell) == code


def test_numbers_that_are():
    assert parsers.decimal()("-1234.50", NONE) == Decimal("-1234.50")
    assert parsers.decimal()(".5", NONE) == Decimal("0.5")
    assert parsers.integer()("+7", NONE) == 7


@pytest.mark.parametrize(
    "cell",
    [
        "alice@example.org)bob@evil.com",
        "Alice <alice@example.org>",
        "alice@example.org,bob@example.org",
        "alice@example.org\nBcc: bob@example.org",
        "alice@@example.org",
        "alice@example",
        ".alice@example.org",
        "alice@-example.org",
        "alice@exa mple.org",
        "älice@example.org",
        "a" * 65 + "@example.org",
        "a@" + "b" * 250 + ".org",
        "@example.org",
        "alice",
    ],
)
def test_addresses_that_are_none(cell):
    assert refused(parsers.email(), cell) == "not_an_email"


def test_addresses_that_are():
    assert (
        parsers.email()(" Alice.O'Neil+tag@Sub.Example.ORG ", NONE)
        == "alice.o'neil+tag@sub.example.org"
    )


@pytest.mark.parametrize("cell", ["a\0b", "\ud800", "a\x1bb", "\x9f", "\ufffe"])
def test_characters_that_are_no_text(cell):
    assert refused(parsers.text(), cell) == "bad_character"


def test_text_is_one_line_in_composed_form():
    assert parsers.text()("  Jose\u0301\n  Ruiz ", NONE) == "José Ruiz"
    assert parsers.text(3)("abc", NONE) == "abc"
    assert refused(parsers.text(3), "abcd") == "too_long"
    assert parsers.text()("名前 🏆", NONE) == "名前 🏆"


def test_words_and_zones():
    assert parsers.boolean()(" YES ", NONE) is True
    assert parsers.boolean()("0", NONE) is False
    assert refused(parsers.boolean(), "2") == "not_a_boolean"
    assert parsers.choice("sales_ops")("Sales Ops", NONE) == "sales_ops"
    assert refused(parsers.choice("a", "b"), "c") == "not_a_choice"
    assert parsers.zone()("America/New_York", NONE) == "America/New_York"
    for name in ("Mars/Base", "../etc/passwd", "\0", "EST5EDT4"):
        assert refused(parsers.zone(), name) == "unknown_time_zone"


EVERY = [
    parsers.text(), parsers.email(), parsers.day(), parsers.instant(), parsers.integer(),
    parsers.decimal(), parsers.boolean(), parsers.choice("a"), parsers.zone(),
]  # fmt: skip


@given(st.text())
def test_any_text_is_a_value_or_a_named_refusal(cell):
    for parse in EVERY:
        for context in (NONE, BERLIN):
            with suppress(BadCell):
                assert parse(str(parse(cell, context)), BERLIN) is not None


@given(st.datetimes(EARLY, LATE, timezones=st.timezones()))
def test_every_aware_moment_comes_back(moment):
    if moment.utcoffset().total_seconds() % 60 == 0:
        assert parsers.parse_instant(moment.isoformat()) == moment.astimezone(UTC)
