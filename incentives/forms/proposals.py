"""Outside text of a proposed award."""

from collections.abc import Mapping

from core.errors import Invalid
from core.money import NotMoney, minor_of

LONGEST_TITLE, MOST_MINOR = 120, 10**9


def amount(given: Mapping[str, str], currency: str) -> int:
    """What it is worth in minor units; nothing typed is no money."""
    typed = given.get("amount", "").strip()
    if not typed:
        return 0
    try:
        minor = minor_of(typed, currency)
    except NotMoney:
        minor = -1
    if not 0 <= minor <= MOST_MINOR:
        raise Invalid("That is not an amount of money.", field="amount", fix="Write it as 50.")
    return minor


def title(given: Mapping[str, str]) -> str:
    """What the award is."""
    typed = given.get("title", "").strip()
    if not typed:
        raise Invalid("Say what the award is.", field="title", fix="A voucher, a day off, thanks.")
    return typed[:LONGEST_TITLE]


def reason(given: Mapping[str, str]) -> str:
    """What it thanks for."""
    typed = given.get("reason", "").strip()
    if not typed:
        raise Invalid(
            "Say what it thanks for.", field="reason", fix="Which deal, what they did, what came."
        )
    return typed
