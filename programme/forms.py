"""From a playbook's nodes to typed plans of this room (CONTRACT section 4, METRICS 2.0)."""

from dataclasses import dataclass
from decimal import Decimal

from core.calendars import UnknownZone, zone_of
from core.playbook import Fields, Node
from core.policy import Role
from programme.rules import WEEKDAY_NAMES, WEEKDAYS, AskPlan, OutcomePlan, ProgrammePlan, mask_of

ROLES = tuple(role.value for role in Role)
PROGRAMME_KEYS = (
    "slug",
    "name",
    "sponsor",
    "time_zone",
    "tz_mode",
    "week_start",
    "workweek",
    "holidays",
    "launch_on",
    "login_kind",
    "key_actions",
    "due_action",
    "adoption_rule",
    "goal",
    "respond_days",
    "weekly_decay",
    "late_grace_hours",
    "clock_skew_min",
    "prior_learning_days",
    "min_group",
    "min_team",
    "shrink_k",
    "effectiveness",
    "prize_allowance",
    "leak_per_year",
    "build_cost",
    "currency",
)
KEY_ACTIONS = ("guided_use", "proposal_created", "sequence_run")
WORKING_WEEK = WEEKDAYS[:5]


@dataclass(frozen=True)
class _Rule:
    """The six numbers of the adoption rule."""

    target_days: int = 2
    k: int = 3
    n: int = 4
    lookback: int = 6
    min_available_days: int = 3
    horizon_days: int = 60


def programme_part(node: Node) -> ProgrammePlan:
    """The key `programme`: everything that makes the figures mean what they mean."""
    f = node.fields(*PROGRAMME_KEYS)
    rule = _rule(f.node("adoption_rule"))
    low, high = _goal(f.node("goal"))
    key_actions, login_kind = _kinds(f)
    values: dict[str, object] = {
        "name": f.text("name", required=True, longest=200),
        "time_zone": _zone(f),
        "tz_mode": f.choice("tz_mode", ("program", "user"), default="program"),
        "week_start": _week_start(f),
        "workweek": _workweek(f),
        "holidays": sorted({day.isoformat() for day in f.each("holidays", Node.day)}),
        "launch_on": f.day("launch_on", required=True),
        "login_kind": login_kind,
        "key_actions": list(key_actions),
        "due_action": f.text("due_action", longest=80, default="sequence_run"),
        **vars(rule),
        "goal_low": low,
        "goal_high": high,
        "respond_days": f.whole("respond_days", low=1, high=60, default=2),
        "weekly_decay": f.number("weekly_decay", low=0, high=0.999),
        "late_grace_hours": f.whole("late_grace_hours", low=0, high=720, default=48),
        "clock_skew_min": f.whole("clock_skew_min", low=0, high=1440, default=5),
        "prior_learning_days": f.whole("prior_learning_days", low=0, high=3660, default=365),
        "min_group": f.whole("min_group", low=1, high=100, default=5),
        "min_team": f.whole("min_team", low=1, high=100, default=3),
        "shrink_k": f.number("shrink_k", low=0, high=1000, default=10.0),
        "effectiveness": f.number("effectiveness", low=0.001, high=1, default=1.0),
        "prize_allowance_minor": f.whole("prize_allowance", low=0, high=10**12, default=0),
        "leak_per_year": _money(f, "leak_per_year"),
        "build_cost": _money(f, "build_cost"),
        "currency": _currency(f),
    }
    return ProgrammePlan(f.slug(), f.text("sponsor", longest=80), values)


def _rule(node: Node | None) -> _Rule:
    """The adoption rule; k of n within the lookback must be possible."""
    if node is None:
        return _Rule()
    f = node.fields("target_days", "k", "n", "lookback", "min_available_days", "horizon_days")
    rule = _Rule(
        f.whole("target_days", low=1, high=7, default=2),
        f.whole("k", low=1, high=52, default=3),
        f.whole("n", low=1, high=52, default=4),
        f.whole("lookback", low=1, high=52, default=6),
        f.whole("min_available_days", low=1, high=7, default=3),
        f.whole("horizon_days", low=7, high=366, default=60),
    )
    if not rule.k <= rule.n <= rule.lookback:
        raise node.refuse(f"k <= n <= lookback must hold, not {rule.k}, {rule.n}, {rule.lookback}")
    return rule


def _goal(node: Node | None) -> tuple[float, float]:
    """The band held against the day-60 rate, as shares."""
    if node is None:
        return 0.40, 0.50
    f = node.fields("low", "high")
    low = f.number("low", low=0, high=1, required=True)
    high = f.number("high", low=0, high=1, required=True)
    if low > high:
        raise node.refuse("the goal's low lies above its high")
    return low, high


def _kinds(f: Fields) -> tuple[tuple[str, ...], str]:
    """Key actions and the login kind; a login is never by itself adoption."""
    login: str = f.text("login_kind", longest=80, default="login")
    actions = f.texts("key_actions", default=KEY_ACTIONS, longest=80)
    if not actions:
        raise f.refuse("key_actions", "at least one kind must count as adoption")
    if login in actions:
        raise f.refuse("key_actions", f"{login!r} is the login kind; a login is not adoption")
    return actions, login


def _zone(f: Fields) -> str:
    name: str = f.text("time_zone", longest=64, default="UTC")
    try:
        zone_of(name)
    except UnknownZone:
        raise f.refuse("time_zone", f"{name!r} is not an IANA time zone") from None
    return name


def _week_start(f: Fields) -> int:
    names = (*WEEKDAY_NAMES, *WEEKDAYS)
    word: str = f.choice("week_start", names, default="monday")
    return names.index(word) % 7


def _workweek(f: Fields) -> int:
    days = f.texts("workweek", choices=WEEKDAYS, default=WORKING_WEEK)
    if not days:
        raise f.refuse("workweek", "at least one working day is needed")
    return mask_of(WEEKDAYS.index(day) for day in days)


def _money(f: Fields, key: str) -> Decimal | None:
    """An amount in whole units of the currency, kept to the cent."""
    amount = f.number(key, low=0, high=1e13)
    return None if amount is None else Decimal(str(amount)).quantize(Decimal("0.01"))


def _currency(f: Fields) -> str:
    code: str = f.text("currency", longest=3, default="USD")
    if not (len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()):
        raise f.refuse("currency", f"{code!r} is not a currency code such as USD")
    return code


def outcomes_part(node: Node) -> tuple[OutcomePlan, ...]:
    """The key `outcomes` (METRICS O1): baseline, four quarterly targets, linked metrics."""
    plans = node.each(_outcome)
    _refuse_doubles(node, [plan.slug for plan in plans])
    return plans


def _outcome(node: Node) -> OutcomePlan:
    f = node.fields("slug", "title", "unit", "direction", "baseline", "targets", "metrics")
    targets = f.node("targets", required=True)
    assert targets is not None  # noqa: S101 - node() refuses when required
    quarters = targets.fields("Q1", "Q2", "Q3", "Q4")
    values = {number: _quantity(quarters, f"Q{number}") for number in range(1, 5)}
    metrics = f.texts("metrics", required=True, longest=80)
    if not 2 <= len(metrics) <= 3:
        raise f.refuse("metrics", "two or three adoption metrics stand behind an outcome")
    return OutcomePlan(
        f.slug(),
        f.text("title", required=True, longest=200),
        f.text("unit", required=True, longest=40),
        f.choice("direction", ("up", "down"), default="up"),
        _quantity(f, "baseline"),
        values,
        tuple(sorted(metrics)),
    )


def _quantity(f: Fields, key: str) -> Decimal:
    number: float = f.number(key, low=-1e13, high=1e13, required=True)
    return Decimal(str(number)).quantize(Decimal("0.0001"))


def asks_part(node: Node) -> tuple[AskPlan, ...]:
    """The key `asks`: questions to people of some roles."""
    plans = node.each(_ask)
    _refuse_doubles(node, [plan.slug for plan in plans])
    return plans


def _ask(node: Node) -> AskPlan:
    f = node.fields("slug", "question", "to", "anonymous")
    to = f.node("to")
    roles = ("rep",) if to is None else to.fields("roles").texts("roles", choices=ROLES)
    return AskPlan(
        f.slug(),
        f.text("question", required=True, longest=1000),
        roles or ("rep",),
        f.flag("anonymous"),
    )


def _refuse_doubles(node: Node, slugs: list[str]) -> None:
    doubles = sorted({slug for slug in slugs if slugs.count(slug) > 1})
    if doubles:
        raise node.refuse(f"the slug {doubles[0]!r} stands here twice")
