"""The playbook's contests: typed entries, or errors with the line."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from core.playbook import Fields, Node
from incentives.rules.planning import PrizeEntry
from leaderboard.rules.scoring import PointRule, Unique, exact
from leaderboard.rules.standing import Mode
from leaderboard.rules.units import DIVISION_SIZE, DivisionBy, DivisionPlan, TieBreak, UnitKind

MODES = tuple(mode.value for mode in Mode)
UNITS = tuple(kind.value for kind in UnitKind)
TIE_BREAKS = tuple(each.value for each in TieBreak)
LARGEST_GOAL = 10**9
MOST_POINTS = 1_000_000
LARGEST_PRIZE = 10**12
LONGEST_TITLE = 120


@dataclass(frozen=True)
class SideEntry:
    """A named list of people that races as one; people by the files' person_id."""

    name: str
    people: tuple[str, ...]


@dataclass(frozen=True)
class ContestEntry:
    """A contest of a playbook; teams by name, None meaning all. `sides` are lists of people."""

    slug: str
    title: str
    start: date
    end: date
    mode: Mode
    rules: tuple[PointRule, ...]
    prizes: tuple[PrizeEntry, ...]
    teams: tuple[str, ...] | None
    target_days: Fraction
    min_team_size: Fraction | None
    baseline_days: int
    freeze_hours: int
    goal: Fraction | None
    unit: UnitKind = UnitKind.TEAM
    sides: tuple[SideEntry, ...] = ()
    divisions: DivisionPlan | None = None
    tie_break: tuple[TieBreak, ...] = ()
    sources: tuple[str, ...] = ()
    pause_moves_end: bool = False


def contests_part(node: Node) -> tuple[ContestEntry, ...]:
    """The playbook's list of contests."""
    found = node.each(_contest)
    slugs = [entry.slug for entry in found]
    for slug in slugs:
        if slugs.count(slug) > 1:
            raise node.refuse(f"two contests have the slug {slug!r}")
    return found


def _contest(node: Node) -> ContestEntry:
    f = node.fields(
        "slug",
        "title",
        "unit",
        "teams",
        "start",
        "end",
        "mode",
        "rules",
        "target_days",
        "min_team_size",
        "baseline_days",
        "freeze_hours",
        "goal",
        "prizes",
        "divisions",
        "tie_break",
        "sources",
        "pause_moves_end",
    )
    unit = UnitKind(f.choice("unit", UNITS, default=UnitKind.TEAM.value))
    start, end = f.day("start", required=True), f.day("end", required=True)
    if end < start:
        raise f.refuse("end", "the last day is before the first")
    rules = f.each("rules", contest_rule)
    kinds = [rule.kind for rule in rules]
    if not rules:
        raise f.refuse("rules", "at least one rule is wanted")
    if len(set(kinds)) < len(kinds):
        raise f.refuse("rules", "two rules score the same kind")
    mode = Mode(f.choice("mode", MODES, default=Mode.PARTICIPATION.value))
    prizes = f.each("prizes", _prize)
    goal = exact_number(f, "goal", high=1 if mode is Mode.PARTICIPATION else LARGEST_GOAL)
    if goal is None and any(prize.is_goal for prize in prizes):
        raise f.refuse("prizes", "a prize for the goal needs the contest's goal")
    if not unit.is_team and any(prize.for_manager for prize in prizes):
        raise f.refuse("prizes", "a prize for managers needs teams that have them")
    if unit is UnitKind.PERSON and f.has("min_team_size"):
        raise f.refuse("min_team_size", "people race one by one here: leave it out")
    return ContestEntry(
        slug=f.slug(),
        title=f.text("title", required=True, longest=LONGEST_TITLE),
        start=start,
        end=end,
        mode=mode,
        rules=rules,
        prizes=prizes,
        teams=None if unit is UnitKind.ADHOC else _teams(f),
        target_days=exact_number(f, "target_days", low=0, high=7) or Fraction(2),
        min_team_size=exact_number(f, "min_team_size", high=1000),
        baseline_days=f.whole("baseline_days", low=1, high=366, default=28),
        freeze_hours=f.whole("freeze_hours", low=0, high=720, default=0),
        goal=goal,
        unit=unit,
        sides=_sides(f) if unit is UnitKind.ADHOC else (),
        divisions=_divisions(f, unit),
        tie_break=tie_break_of(f, unit),
        sources=f.texts("sources"),
        pause_moves_end=f.flag("pause_moves_end"),
    )


def exact_number(f: Fields, key: str, *, low: float = 0, high: float = 1e9) -> Fraction | None:
    """A number written as text again, so that 0.4 is two fifths."""
    value = f.number(key, low=low, high=high)
    return None if value is None else exact(value)


def _teams(f: Fields) -> tuple[str, ...] | None:
    node = f.node("teams")
    if node is None or node.value == "all":
        return None
    return f.texts("teams", required=True)


def _sides(f: Fields) -> tuple[SideEntry, ...]:
    """The lists of people that race; nobody may stand on two (CONTESTS case 18)."""
    found = f.each("teams", _side)
    if not found:
        raise f.refuse("teams", "name the lists: [{name: Red, people: [P0001, P0002]}]")
    names = [side.name for side in found]
    everybody = [person for side in found for person in side.people]
    for word, values in (("name", names), ("person", everybody)):
        twice = next((value for value in values if values.count(value) > 1), None)
        if twice is not None:
            raise f.refuse("teams", f"the {word} {twice!r} stands on two lists")
    return found


def _side(node: Node) -> SideEntry:
    f = node.fields("name", "people")
    return SideEntry(
        name=f.text("name", required=True, longest=LONGEST_TITLE),
        people=f.texts("people", required=True),
    )


def _divisions(f: Fields, unit: UnitKind) -> DivisionPlan | None:
    """How units are cut into divisions; `unit: division` asks for them, by size unless said."""
    node = f.get("divisions")
    if node is None:
        return DivisionPlan() if unit is UnitKind.DIVISION else None
    d = node.fields("by", "of")
    return DivisionPlan(
        by=DivisionBy(d.choice("by", [each.value for each in DivisionBy], default="size")),
        of=d.whole("of", low=2, high=1000, default=DIVISION_SIZE),
    )


def tie_break_of(f: Fields, unit: UnitKind = UnitKind.TEAM) -> tuple[TieBreak, ...]:
    """What parts equal scores (CONTESTS case 20)."""
    found = tuple(map(TieBreak, f.texts("tie_break", choices=TIE_BREAKS)))
    if TieBreak.LOOP in found and not unit.is_team:
        raise f.refuse("tie_break", "loop_discipline needs teams that have managers")
    return found


def contest_rule(node: Node) -> PointRule:
    """One way to earn points."""
    f = node.fields("kind", "points", "daily_cap", "decay", "unique", "min_value")
    points = exact_number(f, "points", high=MOST_POINTS)
    decay = exact_number(f, "decay", high=1)
    unique = f.text("unique")
    if unique is not None and unique not in {"object", "object_day"}:
        raise f.refuse("unique", "object or object_day is wanted")
    return PointRule(
        kind=f.text("kind", required=True, longest=80),
        points=Fraction(1) if points is None else points,
        daily_cap=f.whole("daily_cap", low=1, high=10_000, default=None),
        decay=Fraction(1) if decay is None else decay,
        unique=None if unique is None else Unique(unique),
        min_value=exact_number(f, "min_value", low=-1e12, high=1e12),
    )


def _prize(node: Node) -> PrizeEntry:
    f = node.fields("place", "title", "cost", "reserve_score", "for", "min_loops_kept", "stock")
    place_node = f.node("place", required=True)
    word = None if place_node is None else place_node.value
    has_word = word in {"goal", "most_improved"}
    for_manager = f.choice("for", ("unit", "manager"), default="unit") == "manager"
    min_loops_kept = exact_number(f, "min_loops_kept", high=1)
    if min_loops_kept is not None and not for_manager:
        raise f.refuse("min_loops_kept", "only a prize for managers can ask for kept loops")
    return PrizeEntry(
        title=f.text("title", required=True, longest=LONGEST_TITLE),
        place=None if has_word else f.whole("place", low=1, high=1000, required=True),
        cost_minor=f.whole("cost", low=0, high=LARGEST_PRIZE, default=0),
        reserve_score=exact_number(f, "reserve_score"),
        is_improvement=word == "most_improved",
        for_manager=for_manager,
        min_loops_kept=min_loops_kept,
        stock=f.whole("stock", low=1, high=1_000_000, default=None),
    )
