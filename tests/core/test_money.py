"""Money is whole minor units; text in and out, never a float."""

from decimal import Decimal

import pytest

from core.money import NotMoney, minor_of, show


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("20", "USD", 2000),
        ("$1,250.50", "USD", 125050),
        ("0.1", "USD", 10),
        ("500 USD", "USD", 50000),
        (Decimal("0.07"), "EUR", 7),
        ("1200", "JPY", 1200),
        ("1.234", "KWD", 1234),
        ("-5", "USD", -500),
    ],
)
def test_reading(text, currency, minor):
    assert minor_of(text, currency) == minor


@pytest.mark.parametrize("text", ["", "ten", "1.234", "NaN", "inf", "1e30", "€5"])
def test_what_is_not_money(text):
    with pytest.raises(NotMoney):
        minor_of(text, "USD")


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (85000, "USD", "$850"),
        (125050, "USD", "$1,250.50"),
        (7, "USD", "$0.07"),
        (-700, "USD", "−$7"),
        (1200, "JPY", "¥1,200"),
        (1234, "KWD", "1.234 KWD"),
        (100, "CHF", "1 CHF"),
    ],
)
def test_showing(minor, currency, text):
    assert show(minor, currency) == text
