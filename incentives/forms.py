"""Outside text of the incentives room: the playbook's contests and the launch page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from core.money import NotMoney, minor_of
from core.playbook import Fields, Node
from incentives.rules.planning import LaunchAsk, PrizeEntry
from leaderboard.rules.scoring import PointRule, Unique, exact
from leaderboard.rules.standing import Mode

MODES = tuple(mode.value for mode in Mode)
MOST_POINTS = 1_000_000
LARGEST_PRIZE = 10**12
LONGEST_TITLE = 120


@dataclass(frozen=True)
class ContestEntry:
    """A contest of a playbook; teams by name, None meaning all."""

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
    )
    if f.text("unit", default="team") != "team":
        raise f.refuse("unit", "contests are between teams")
    start, end = f.day("start", required=True), f.day("end", required=True)
    if end < start:
        raise f.refuse("end", "the last day is before the first")
    rules = f.each("rules", _rule)
    kinds = [rule.kind for rule in rules]
    if not rules:
        raise f.refuse("rules", "at least one rule is wanted")
    if len(set(kinds)) < len(kinds):
        raise f.refuse("rules", "two rules score the same kind")
    prizes = f.each("prizes", _prize)
    goal = _fraction(f, "goal", high=1)
    if goal is None and any(prize.place is None for prize in prizes):
        raise f.refuse("prizes", "a prize for the goal needs the contest's goal")
    return ContestEntry(
        slug=f.slug(),
        title=f.text("title", required=True, longest=LONGEST_TITLE),
        start=start,
        end=end,
        mode=Mode(f.choice("mode", MODES, default=Mode.PARTICIPATION.value)),
        rules=rules,
        prizes=prizes,
        teams=_teams(f),
        target_days=_fraction(f, "target_days", low=0, high=7) or Fraction(2),
        min_team_size=_fraction(f, "min_team_size", high=1000),
        baseline_days=f.whole("baseline_days", low=1, high=366, default=28),
        freeze_hours=f.whole("freeze_hours", low=0, high=720, default=0),
        goal=goal,
    )


def _fraction(f: Fields, key: str, *, low: float = 0, high: float = 1e9) -> Fraction | None:
    """A number written as text again, so that 0.4 is two fifths."""
    value = f.number(key, low=low, high=high)
    return None if value is None else exact(value)


def _teams(f: Fields) -> tuple[str, ...] | None:
    node = f.node("teams")
    if node is None or node.value == "all":
        return None
    return f.texts("teams", required=True)


def _rule(node: Node) -> PointRule:
    f = node.fields("kind", "points", "daily_cap", "decay", "unique", "min_value")
    points = _fraction(f, "points", high=MOST_POINTS)
    decay = _fraction(f, "decay", high=1)
    unique = f.text("unique")
    if unique is not None and unique not in {"object", "object_day"}:
        raise f.refuse("unique", "object or object_day is wanted")
    return PointRule(
        kind=f.text("kind", required=True, longest=80),
        points=Fraction(1) if points is None else points,
        daily_cap=f.whole("daily_cap", low=1, high=10_000, default=None),
        decay=Fraction(1) if decay is None else decay,
        unique=None if unique is None else Unique(unique),
        min_value=_fraction(f, "min_value", low=-1e12, high=1e12),
    )


def _prize(node: Node) -> PrizeEntry:
    f = node.fields("place", "title", "cost", "reserve_score")
    place_node = f.node("place", required=True)
    is_goal = place_node is not None and place_node.value == "goal"
    return PrizeEntry(
        title=f.text("title", required=True, longest=LONGEST_TITLE),
        place=None if is_goal else f.whole("place", low=1, high=1000, required=True),
        cost_minor=f.whole("cost", low=0, high=LARGEST_PRIZE, default=0),
        reserve_score=_fraction(f, "reserve_score"),
    )


# The launch page
FIELDS = ("title", "starts_on", "last_on", "target_days", "points", "daily_cap", "goal_percent")


@dataclass(frozen=True)
class LaunchForm:
    """What was typed on the launch page, with an error under each field that needs mending."""

    ask: LaunchAsk
    raw: Mapping[str, str]
    errors: Mapping[str, str]

    @property
    def is_sound(self) -> bool:
        """Nothing to mend."""
        return not self.errors


def launch_form(
    given: Mapping[str, str],
    teams: Sequence[str],
    *,
    kinds: Sequence[str],
    known_teams: frozenset[int],
    currency: str,
    today: date,
) -> LaunchForm:
    """Read the launch page. Errors say how to mend them; what was typed is kept in `raw`."""
    read = _Reader(given)
    title = read.text("title", "Give it a name people will say.")
    kind = read.choice("kind", kinds, "Choose what should happen more often.")
    team_ids = tuple(sorted({int(t) for t in teams if t.isdigit()} & known_teams))
    if len(team_ids) < 2:
        read.errors["teams"] = "Choose at least two teams."
    starts_on = read.day("starts_on", "Say on which day it starts.")
    last_on = read.day("last_on", "Say on which day it ends.")
    if starts_on is not None and starts_on < today:
        read.errors["starts_on"] = "The start lies in the past; choose today or later."
    if starts_on is not None and last_on is not None:
        if last_on < starts_on:
            read.errors["last_on"] = "The end is before the start."
        elif last_on - starts_on > timedelta(days=365):
            read.errors["last_on"] = "A contest lasts a year at most."
    goal = read.percent("goal_percent")
    ask = LaunchAsk(
        title=title,
        kind=kind,
        team_ids=team_ids,
        starts_on=starts_on,
        last_on=last_on,
        target_days=read.whole("target_days", 2, 1, 7),
        mode=Mode(read.choice("mode", MODES, "Choose how teams are ranked.") or MODES[0]),
        points=Fraction(read.whole("points", 1, 1, 1000)),
        daily_cap=read.whole("daily_cap", 3, 1, 100),
        prizes=read.prizes(currency, has_goal=goal is not None),
        goal=goal,
    )
    return LaunchForm(ask, dict.fromkeys(FIELDS, "") | dict(given), read.errors)


class _Reader:
    """Reads fields one by one and gathers what needs mending."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self.given = given
        self.errors: dict[str, str] = {}

    def _get(self, name: str) -> str:
        return " ".join(self.given.get(name, "").split())

    def text(self, name: str, missing: str) -> str:
        """A line of text that must be there."""
        value = self._get(name)
        if not value:
            self.errors[name] = missing
        elif len(value) > LONGEST_TITLE:
            self.errors[name] = f"Keep it under {LONGEST_TITLE} characters."
        elif not value.isprintable():
            self.errors[name] = "Use ordinary letters and signs."
        return value

    def choice(self, name: str, known: Sequence[str], missing: str) -> str:
        """One of the words offered."""
        value = self._get(name)
        if value not in known:
            self.errors[name] = missing
            return known[0] if known else ""
        return value

    def day(self, name: str, missing: str) -> date | None:
        """A date as date fields send it."""
        value = self._get(name)
        try:
            day = date.fromisoformat(value)
        except ValueError:
            self.errors[name] = missing if not value else "Write the day as YYYY-MM-DD."
            return None
        if not date(2000, 1, 1) <= day < date(2199, 1, 1):
            self.errors[name] = "Choose a day of this century."
            return None
        return day

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number within bounds; nothing typed is the default."""
        value = self._get(name)
        if not value:
            return default
        if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
            self.errors[name] = f"A whole number from {low} to {high}."
            return default
        return int(value)

    def percent(self, name: str) -> Fraction | None:
        """A share in percent; nothing typed means none."""
        if not self._get(name):
            return None
        return Fraction(self.whole(name, 60, 1, 100), 100)

    def prizes(self, currency: str, *, has_goal: bool) -> tuple[PrizeEntry, ...]:
        """First, second, third and goal prize, as far as they are named."""
        found = []
        for key, place in (("1", 1), ("2", 2), ("3", 3), ("goal", None)):
            title, cost = self._get(f"prize_{key}"), self._get(f"cost_{key}")
            if not title:
                if cost:
                    self.errors[f"prize_{key}"] = "Say what the prize is."
                continue
            if place is None and not has_goal:
                self.errors["goal_percent"] = "Say which share of a team reaches the goal."
            found.append(PrizeEntry(title[:LONGEST_TITLE], place, self._cost(key, currency), None))
        return tuple(found)

    def _cost(self, key: str, currency: str) -> int:
        try:
            minor = minor_of(self._get(f"cost_{key}") or "0", currency)
        except NotMoney:
            minor = -1
        if not 0 <= minor <= LARGEST_PRIZE:
            self.errors[f"cost_{key}"] = "An amount like 250 or 250.50, or nothing."
            return 0
        return minor
