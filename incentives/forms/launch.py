"""The launch page: what was typed becomes a contest asked for, or an error under each field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from core.money import NotMoney, minor_of
from incentives.forms.playbook import LARGEST_PRIZE, LONGEST_TITLE, MODES
from incentives.rules.contests import FEWEST_TEAMS
from incentives.rules.planning import FEWEST_TO_DRAW, LaunchAsk, PrizeEntry
from leaderboard.rules.scoring import PointRule, Unique, exact
from leaderboard.rules.standing import Mode
from leaderboard.rules.units import TieBreak, UnitKind

UNITS = (
    (UnitKind.TEAM.value, "Teams"),
    (UnitKind.DIVISION.value, "Teams, in divisions of similar size"),
    (UnitKind.PERSON.value, "Reps, each for themselves"),
)
TIES = (
    ("", "They share the place and its prize"),
    (TieBreak.SUSTAINED.value, "More sustained users in the team go first"),
    (TieBreak.LOOP.value, "The manager who kept more weekly coaching loops goes first"),
    (TieBreak.TIME.value, "Whoever got there earlier goes first"),
)
PRIZES = (
    ("goal", "For every team at the goal"),
    ("1", "First place"),
    ("2", "Second place"),
    ("3", "Third place"),
    ("improved", "Most improved"),
    ("manager", "For the manager of the winning team"),
)
"""The prizes the page offers, in the order it shows them."""
PLACE_OF = {"1": 1, "2": 2, "3": 3, "manager": 1}
LARGEST_VALUE = 10**12
FIELDS = ("title", "starts_on", "last_on", "target_days", "goal_percent", "staggered")
HOW_OFTEN = (
    ("", "every one"),
    (Unique.OBJECT_DAY.value, "each deal once a day"),
    (Unique.OBJECT.value, "each deal once"),
)


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


@dataclass(frozen=True)
class Ticked:
    """The boxes of the page that were ticked."""

    teams: Sequence[str]
    kinds: Sequence[str]
    sources: Sequence[str] = ()


def launch_form(
    given: Mapping[str, str],
    ticked: Ticked,
    *,
    kinds: Sequence[str],
    known_teams: frozenset[int],
    known_sources: Sequence[str] = (),
    currency: str,
    today: date,
) -> LaunchForm:
    """Read the launch page. Errors say how to mend them; what was typed is kept in `raw`."""
    read = _Reader(given)
    title = read.text("title", "Give it a name people will say.")
    rules = tuple(read.rule(kind) for kind in kinds if kind in ticked.kinds)
    if not rules:
        read.errors["kinds"] = "Choose at least one thing that should happen more often."
    team_ids = tuple(sorted({int(t) for t in ticked.teams if t.isdigit()} & known_teams))
    staggered = given.get("staggered") == "1"
    if len(team_ids) < FEWEST_TEAMS:
        read.errors["teams"] = "Choose at least two teams."
    elif staggered and len(team_ids) < FEWEST_TO_DRAW:
        read.errors["teams"] = "Two halves need two teams each: choose at least four."
    starts_on = read.day("starts_on", "Say on which day it starts.")
    last_on = read.day("last_on", "Say on which day it ends.")
    if starts_on is not None and starts_on < today:
        read.errors["starts_on"] = "The start lies in the past; choose today or later."
    if starts_on is not None and last_on is not None:
        if last_on < starts_on:
            read.errors["last_on"] = "The end is before the start."
        elif last_on - starts_on > timedelta(days=365):
            read.errors["last_on"] = "A contest lasts a year at most."
    unit = UnitKind(read.choice("unit", [key for key, _ in UNITS], "Choose who is ranked.", "team"))
    mode = Mode(read.choice("mode", MODES, "Choose how teams are ranked.") or MODES[0])
    if unit is UnitKind.PERSON and mode is Mode.PARTICIPATION:
        read.errors["mode"] = "Reps one by one are ranked by points: choose points or the total."
    if staggered and unit is not UnitKind.TEAM:
        read.errors["staggered"] = "Halves are drawn from teams: rank teams, or start all at once."
    goal = read.percent("goal_percent") if mode is Mode.PARTICIPATION else None
    tie_break = read.tie_break(unit)
    ask = LaunchAsk(
        title=title,
        rules=rules,
        team_ids=team_ids,
        starts_on=starts_on,
        last_on=last_on,
        target_days=read.whole("target_days", 2, 1, 7),
        mode=mode,
        prizes=read.prizes(currency, has_goal=goal is not None, has_managers=unit.is_team),
        goal=goal,
        staggered=staggered,
        unit=unit,
        tie_break=tie_break,
        sources=tuple(name for name in known_sources if name in ticked.sources),
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

    def choice(self, name: str, known: Sequence[str], missing: str, default: str = "") -> str:
        """One of the words offered; the default where the field was not sent."""
        value = self._get(name) or default
        if value not in known:
            self.errors[name] = missing
            return known[0] if known else ""
        return value

    def tie_break(self, unit: UnitKind) -> TieBreak | None:
        """What parts equal scores; loops have managers, and only teams have those."""
        word = self.choice("tie_break", [key for key, _ in TIES], "Choose one of these.")
        if word == TieBreak.LOOP and not unit.is_team:
            self.errors["tie_break"] = "Only teams have managers who keep loops: choose another."
        return TieBreak(word) if word else None

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

    def rule(self, kind: str) -> PointRule:
        """What one kind earns; a kind just ticked has no fields yet and gets sound ones."""
        often = self.choice(f"unique_{kind}", [key for key, _ in HOW_OFTEN], "Choose one of these.")
        return PointRule(
            kind=kind,
            points=Fraction(self.whole(f"points_{kind}", 1, 1, 1000)),
            daily_cap=self.whole(f"cap_{kind}", 3, 1, 100),
            unique=Unique(often) if often else None,
            decay=Fraction(self.whole(f"decay_{kind}", 100, 1, 100), 100),
            min_value=self.least(f"least_{kind}"),
        )

    def least(self, name: str) -> Fraction | None:
        """The least value something must have to count; nothing typed means any."""
        typed = self._get(name)
        if not typed:
            return None
        try:
            value = exact(typed)
        except ValueError:
            value = Fraction(-1)
        if not 0 <= value <= LARGEST_VALUE:
            self.errors[name] = "A number like 500, or nothing."
            return None
        return value

    def percent(self, name: str) -> Fraction | None:
        """A share in percent; nothing typed means none."""
        if not self._get(name):
            return None
        return Fraction(self.whole(name, 60, 1, 100), 100)

    def prizes(
        self, currency: str, *, has_goal: bool, has_managers: bool
    ) -> tuple[PrizeEntry, ...]:
        """The prizes of `PRIZES`, as far as they are named."""
        found = []
        for key, _ in PRIZES:
            title, cost = self._get(f"prize_{key}"), self._get(f"cost_{key}")
            if not title:
                if cost:
                    self.errors[f"prize_{key}"] = "Say what the prize is."
                continue
            if key == "goal" and not has_goal:
                self.errors["goal_percent"] = (
                    "Say which share of a team reaches the goal; only taking part has one."
                )
            if key == "manager" and not has_managers:
                self.errors[f"prize_{key}"] = "Only teams have managers: leave it empty."
            entry = PrizeEntry(
                title[:LONGEST_TITLE],
                PLACE_OF.get(key),
                self._cost(key, currency),
                None,
                is_improvement=key == "improved",
                for_manager=key == "manager",
                min_loops_kept=self.percent("loops_manager") if key == "manager" else None,
            )
            found.append(entry)
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
