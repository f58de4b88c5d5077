"""The form of a signal rule: what sales operations typed, checked field by field."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from adoption.rules.quiet import SLUG_LENGTH, QuietRule, Since

LONGEST_TITLE, MOST_DAYS, MOST_MONEY = 120, 365, Decimal(10**11)


@dataclass(frozen=True)
class RuleForm:
    """What stands in the form, as typed, and what is wrong with it by field."""

    slug: str = ""
    title: str = ""
    quiet_days: str = "5"
    since: str = Since.PROPOSAL.value
    kinds: tuple[str, ...] = ()
    least_amount: str = ""
    problems: dict[str, str] = field(default_factory=dict)


def rule_of_form(
    typed: RuleForm, known_kinds: Collection[str], taken: Collection[str]
) -> tuple[QuietRule | None, RuleForm]:
    """The rule a form says, or None and the form with its problems named.

    A new rule (without `slug`) is named after its title; `taken` are the names there are.
    """
    problems: dict[str, str] = {}
    title = " ".join(typed.title.split())
    if not title or len(title) > LONGEST_TITLE:
        problems["title"] = f"Give it a title of up to {LONGEST_TITLE} characters."
    slug = typed.slug or slug_of(title)
    if title and not slug:
        problems["title"] = "Use some letters or digits in the title."
    elif not typed.slug and slug in taken:
        problems["title"] = "There is a rule of this name. Choose another title or change it."
    days = _days(typed.quiet_days)
    if days is None:
        problems["quiet_days"] = f"Give whole days, from 1 to {MOST_DAYS}."
    if typed.since not in {each.value for each in Since}:
        problems["since"] = "Choose from when the days are counted."
    if not {*typed.kinds} <= {*known_kinds}:
        problems["kinds"] = "Choose from the kinds of use listed."
    amount, is_amount = _amount(typed.least_amount)
    if not is_amount:
        problems["least_amount"] = "Give an amount in digits, like 5000, or leave it empty."
    if problems or days is None:
        return None, RuleForm(**{**vars(typed), "problems": problems})
    kinds = frozenset(typed.kinds)
    return QuietRule(slug, title, days, Since(typed.since), kinds, amount), typed


def form_of_rule(rule: QuietRule) -> RuleForm:
    """A rule as its form shows it."""
    amount = rule.least_amount
    return RuleForm(
        rule.slug,
        rule.title,
        str(rule.quiet_days),
        rule.since.value,
        tuple(sorted(rule.kinds)),
        "" if amount is None else format(amount.normalize(), "f"),
    )


def slug_of(title: str) -> str:
    """A title as the name of a rule: small letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    words: Sequence[str] = re.findall(r"[a-z0-9]+", plain.lower())
    return "-".join(words)[:SLUG_LENGTH].strip("-")


def _days(typed: str) -> int | None:
    cell = typed.strip()
    if not (cell.isascii() and cell.isdigit() and len(cell) <= 3):
        return None
    return int(cell) if 1 <= int(cell) <= MOST_DAYS else None


def _amount(typed: str) -> tuple[Decimal | None, bool]:
    """The amount, and whether it is one; nothing typed is no amount."""
    cell = typed.strip().replace(" ", "").replace(",", "")
    if not cell:
        return None, True
    try:
        amount = Decimal(cell)
    except InvalidOperation:
        return None, False
    if not amount.is_finite() or not 0 <= amount <= MOST_MONEY:
        return None, False
    return amount.quantize(Decimal("0.01")), True
