"""Dates and amounts as other programs write them: one reading, or none."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.intake.exports import written
from core.intake.exports.written import DAY_FIRST, MONTH_FIRST, read_amount, read_date
from core.intake.parsers import BadCell


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2026-01-05", "2026-01-05"),
        ("2026/1/5", "2026-01-05"),
        ("05.01.2026", "2026-01-05"),
        ("5.1.26", "2026-01-05"),
        ("25/12/2026", "2026-12-25"),
        ("5-Jan-2026", "2026-01-05"),
        ("5 January 2026", "2026-01-05"),
        ("Jan 5, 2026", "2026-01-05"),
        ("03/03/2026", "2026-03-03"),
        ("20260105084831.655", "2026-01-05"),
        ("1767602911000", "2026-01-05"),
    ],
)
def test_dates_of_one_reading(cell, day):
    assert read_date(cell, is_day_first=None if "25" not in cell else True).day.isoformat() == day


@pytest.mark.parametrize(
    ("cell", "day_first", "month_first"),
    [
        ("3/4/2026", "2026-04-03", "2026-03-04"),
        ("05/01/26, 09:40", "2026-01-05", "2026-05-01"),
        ("1-2-2026", "2026-02-01", "2026-01-02"),
    ],
)
def test_dates_of_two_readings(cell, day_first, month_first):
    assert read_date(cell, is_day_first=True).day.isoformat() == day_first
    assert read_date(cell, is_day_first=False).day.isoformat() == month_first
    with pytest.raises(BadCell) as caught:
        read_date(cell, is_day_first=None)
    assert caught.value.code == "ambiguous_date"


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("soon", "not_a_date"),
        ("31/02/2026", "not_a_date"),
        ("2026-13-01", "not_a_date"),
        ("45678", "not_a_date"),
        ("5/5/026", "not_a_date"),
        ("99999-01-01", "out_of_range"),
        ("1/1/1750", "out_of_range"),
        ("5/5/2026 13:00 PM", "not_an_instant"),
        ("٥/٥/٢٠٢٦", "not_a_date"),
    ],
)
def test_what_is_no_date(cell, code):
    with pytest.raises(BadCell) as caught:
        read_date(cell, is_day_first=True)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("cell", "zone", "moment"),
    [
        ("2026-01-05T08:48:31.655Z", None, "2026-01-05T08:48:31.655000+00:00"),
        ("2026-01-03T10:00:00.000+0000", None, "2026-01-03T10:00:00+00:00"),
        ("2026-01-03 10:00 +01:00", None, "2026-01-03T09:00:00+00:00"),
        ("20260105084831.655", None, "2026-01-05T08:48:31.655000+00:00"),
        ("1/5/2026 12:20 AM", "America/New_York", "2026-01-05T05:20:00+00:00"),
        ("1/5/2026 12:20 PM PST", "America/Los_Angeles", "2026-01-05T20:20:00+00:00"),
        ("7/5/2026 9:20:11 p.m.", "Europe/Berlin", "2026-07-05T19:20:11+00:00"),
    ],
)
def test_moments(cell, zone, moment):
    found = read_date(cell, is_day_first=False)
    assert found.moment(ZoneInfo(zone) if zone else None).isoformat() == moment


@pytest.mark.parametrize(
    ("cell", "code"),
    [("1/5/2026 12:20 AM PST", "naive_instant"), ("2026-03-29 02:30", "no_such_local_time")],
)
def test_moments_nobody_can_place(cell, code):
    zone = None if code == "naive_instant" else ZoneInfo("Europe/Berlin")
    with pytest.raises(BadCell) as caught:
        read_date(cell, is_day_first=False).moment(zone)
    assert caught.value.code == code


@given(st.dates(date(1970, 1, 1), date(2069, 12, 31)), st.booleans(), st.sampled_from("/-"))
def test_any_date_comes_back_in_the_order_it_was_written(day, day_first, sign):
    parts = (day.day, day.month) if day_first else (day.month, day.day)
    text = sign.join(map(str, (*parts, f"{day.year % 100:02}")))
    assert read_date(text, is_day_first=day_first).day == day
    said = written.order_said(text)
    assert said in {"", "?", DAY_FIRST if day_first else MONTH_FIRST}


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("5000", "5000"),
        ("30000.0", "30000.0"),
        ("$5,000.00", "5000.00"),
        ("USD 12,000.50", "12000.50"),
        ("12000.50 EUR", "12000.50"),
        ("1.234,56 €", "1234.56"),
        ("1 234,56", "1234.56"),
        ("1\u202f234,5", "1234.5"),
        ("1'234.50", "1234.50"),
        ("(500.25)", "-500.25"),
        ("-£1,250,000", "-1250000"),
        ("1.234.567", "1234567"),
        ("92%", "92"),
        ("0,5", "0.5"),
        ("0.125", "0.125"),
        ("12,5", "12.5"),
        ("1234,567", "1234.567"),
        ("−7.5", "-7.5"),
    ],
)
def test_amounts_of_one_reading(cell, amount):
    assert read_amount(cell, is_comma_decimal=None) == amount


@pytest.mark.parametrize(
    ("cell", "comma", "point"), [("1,234", "1.234", "1234"), ("$1.234", "1234", "1.234")]
)
def test_amounts_of_two_readings(cell, comma, point):
    assert read_amount(cell, is_comma_decimal=True) == comma
    assert read_amount(cell, is_comma_decimal=False) == point
    with pytest.raises(BadCell) as caught:
        read_amount(cell, is_comma_decimal=None)
    assert caught.value.code == "ambiguous_number"


@pytest.mark.parametrize(
    "cell", ["much", "1,23,4", "1.2.3,4", "12,34.5,6", "NaN", "1e5", "٣", "--5"]
)
def test_what_is_no_amount(cell):
    with pytest.raises(BadCell) as caught:
        read_amount(cell, is_comma_decimal=None)
    assert caught.value.code == "not_a_number"


@pytest.mark.parametrize(
    ("cell", "currency"),
    [("$5", ""), ("€5", "EUR"), ("CHF 5.00", "CHF"), ("5 SEK", "SEK"), ("5", "")],
)
def test_currencies_named_without_doubt(cell, currency):
    assert written.currency_of(cell) == currency
