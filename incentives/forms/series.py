"""The playbook's seasons and brackets: typed entries, or errors with the line."""

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from core.playbook import Fields, Node
from incentives.forms.playbook import (
    LARGEST_PRIZE,
    LONGEST_TITLE,
    MODES,
    contest_rule,
    exact_number,
    tie_break_of,
)
from leaderboard.rules.brackets import rounds_needed
from leaderboard.rules.scoring import PointRule, exact
from leaderboard.rules.standing import Mode
from leaderboard.rules.units import TieBreak

MOST_PLACE_POINTS = 1_000_000
DAY = timedelta(days=1)


@dataclass(frozen=True)
class SeasonEntry:
    """A season of a playbook; its contests by slug, in order."""

    slug: str
    title: str
    contests: tuple[str, ...]
    place_points: tuple[Fraction, ...]
    most_wins: int | None


@dataclass(frozen=True)
class BracketPrizeEntry:
    """A prize of a bracket: for its winner (1) or its runner-up (2), cost in minor units."""

    title: str
    place: int
    cost_minor: int


@dataclass(frozen=True)
class BracketEntry:
    """A bracket of a playbook; teams by name, best seed first; rounds as [first day, day after)."""

    slug: str
    title: str
    teams: tuple[str, ...]
    rounds: tuple[tuple[date, date], ...]
    rules: tuple[PointRule, ...]
    mode: Mode
    target_days: Fraction
    min_team_size: Fraction | None
    tie_break: tuple[TieBreak, ...]
    freeze_hours: int
    prizes: tuple[BracketPrizeEntry, ...] = ()


def seasons_part(node: Node) -> tuple[SeasonEntry, ...]:
    """The playbook's list of seasons."""
    found = node.each(_season)
    _refuse_twice(node, [entry.slug for entry in found], "seasons")
    return found


def brackets_part(node: Node) -> tuple[BracketEntry, ...]:
    """The playbook's list of brackets."""
    found = node.each(_bracket)
    _refuse_twice(node, [entry.slug for entry in found], "brackets")
    return found


def _refuse_twice(node: Node, slugs: list[str], what: str) -> None:
    for slug in slugs:
        if slugs.count(slug) > 1:
            raise node.refuse(f"two {what} have the slug {slug!r}")


def _season(node: Node) -> SeasonEntry:
    f = node.fields("slug", "title", "contests", "place_points", "most_wins")
    points = f.each("place_points", lambda each: exact(each.number(0, MOST_PLACE_POINTS)))
    if not points:
        raise f.refuse("place_points", "say what the first place gives, then the second, ...")
    if list(points) != sorted(points, reverse=True):
        raise f.refuse("place_points", "a better place cannot give less")
    return SeasonEntry(
        slug=f.slug(),
        title=f.text("title", required=True, longest=LONGEST_TITLE),
        contests=f.texts("contests", required=True),
        place_points=points,
        most_wins=f.whole("most_wins", low=1, high=1000, default=None),
    )


def _bracket(node: Node) -> BracketEntry:
    f = node.fields(
        "slug",
        "title",
        "teams",
        "rounds",
        "mode",
        "rules",
        "target_days",
        "min_team_size",
        "tie_break",
        "freeze_hours",
        "prizes",
    )
    teams = f.texts("teams", required=True)
    rounds = f.each("rounds", _round)
    needed = rounds_needed(len(teams))
    if len(teams) < 2:
        raise f.refuse("teams", "two teams at least have to meet")
    if len(rounds) != needed:
        raise f.refuse("rounds", f"{len(teams)} teams take {needed} rounds, not {len(rounds)}")
    rules = f.each("rules", contest_rule)
    if not rules:
        raise f.refuse("rules", "at least one rule is wanted")
    return BracketEntry(
        slug=f.slug(),
        title=f.text("title", required=True, longest=LONGEST_TITLE),
        teams=teams,
        rounds=rounds,
        rules=rules,
        mode=Mode(f.choice("mode", MODES, default=Mode.PARTICIPATION.value)),
        target_days=exact_number(f, "target_days", low=0, high=7) or Fraction(2),
        min_team_size=exact_number(f, "min_team_size", high=1000),
        tie_break=tie_break_of(f),
        freeze_hours=f.whole("freeze_hours", low=0, high=720, default=0),
        prizes=f.each("prizes", _bracket_prize),
    )


def _bracket_prize(node: Node) -> BracketPrizeEntry:
    f = node.fields("place", "title", "cost")
    return BracketPrizeEntry(
        title=f.text("title", required=True, longest=LONGEST_TITLE),
        place=f.whole("place", low=1, high=2, required=True),
        cost_minor=f.whole("cost", low=0, high=LARGEST_PRIZE, default=0),
    )


def _round(node: Node) -> tuple[date, date]:
    f: Fields = node.fields("start", "end")
    start, end = f.day("start", required=True), f.day("end", required=True)
    if end < start:
        raise f.refuse("end", "the last day is before the first")
    return start, end + DAY
