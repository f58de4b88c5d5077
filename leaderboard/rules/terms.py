"""A board's rules as stored and sent, and back again; the hash that names a version of them."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache

from leaderboard.rules.scoring import PointRule, Unique, exact


def rule_from(stored: Mapping[str, object]) -> PointRule:
    """A point rule from its stored form (the playbook's keys; numbers as exact text)."""
    cap, unique, least = stored.get("daily_cap"), stored.get("unique"), stored.get("min_value")
    return PointRule(
        kind=str(stored["kind"]),
        points=exact(stored["points"]),
        daily_cap=None if cap is None else int(str(cap)),
        decay=exact(stored.get("decay") or 1),
        unique=None if unique is None else Unique(str(unique)),
        min_value=None if least is None else exact(least),
    )


def rules_from(stored: Iterable[Mapping[str, object]]) -> dict[str, PointRule]:
    """Point rules by kind."""
    return {rule.kind: rule for rule in map(rule_from, stored)}


def stored_rule(rule: PointRule) -> dict[str, object]:
    """The form `rule_from` reads."""
    return {
        "kind": rule.kind,
        "points": str(rule.points),
        "daily_cap": rule.daily_cap,
        "decay": str(rule.decay),
        "unique": rule.unique.value if rule.unique else None,
        "min_value": None if rule.min_value is None else str(rule.min_value),
    }


def stored_rules(rules: Sequence[PointRule]) -> list[dict[str, object]]:
    """Every rule, by kind, so that equal rules are stored equally."""
    return [stored_rule(rule) for rule in sorted(rules, key=lambda rule: rule.kind)]


def canonical(value: object) -> str:
    """Plain JSON data as the one text its fingerprint is taken of."""
    return json.dumps(value, sort_keys=True, default=str)


def fingerprint(value: object) -> str:
    """SHA-256 of plain JSON data, whatever the order of its keys."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


@lru_cache(maxsize=8192)
def number(text: str) -> Fraction:
    """An exact number as stored; few different ones stand in thousands of rows."""
    return Fraction(text)
