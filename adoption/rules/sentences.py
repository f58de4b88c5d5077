"""The plain sentences of METRICS section 9 that the adoption page says, from their numbers."""

from collections.abc import Mapping

from core.stats import Share, half_up

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
# Below this a rate alone misleads: counts come first, and the interval is said in words.
SMALL = 30

RULE_WORDS: Mapping[str, str] = {
    "target_days": "active days a good week needs",
    "k": "good weeks needed",
    "n": "weeks looked at",
    "lookback": "weeks they are searched in",
    "min_available_days": "working days a week needs to count",
    "key_actions": "key actions",
    "time_zone": "time zone",
    "tz_mode": "whose time zone counts",
    "week_start": "first day of the week",
    "workweek": "working days",
}
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def percent(share: float) -> str:
    """A share as people round it (METRICS G6)."""
    return f"{half_up(share * 100)}%"


def number(count: int) -> str:
    """Small numbers as words, others with their thousands parted."""
    return NUMBERS[count] if 0 <= count < len(NUMBERS) else f"{count:,}"


def rate(share: Share, not_measurable: int, left: int) -> str:
    """How many use it, and who is not counted."""
    if share.rate is None:
        said = "Nobody can be measured yet."
    else:
        said = (
            f"{share.hits:,} of {share.base:,} reps ({percent(share.rate)}) use it in their "
            "normal week."
        )
    if not_measurable == 0:
        away = "Everybody who is here is counted"
    elif not_measurable == 1:
        away = "1 person is too new or was away and not counted"
    else:
        away = f"{not_measurable:,} people are too new or were away and are not counted"
    return f"{said} {away}; {left:,} {'has' if left == 1 else 'have'} left."


def small_team(share: Share, least: int = 5) -> str:
    """A rate of few people with how far it can be trusted; of fewer than `least`, counts alone."""
    if share.rate is None or share.interval is None:
        return "Nobody can be measured yet."
    low, high = share.interval
    people = "one person" if share.base == 1 else f"{number(share.base)} people"
    if share.base < least:
        are = "is" if share.base == 1 else "are"
        return f"{share.hits} of {share.base}; {people} {are} too few to speak of a rate."
    return (
        f"{share.hits:,} of {share.base:,} reps ({percent(share.rate)}). With {people} the true "
        f"rate could be anywhere from {percent(low)} to {percent(high)}."
    )


def ranking(strength: float, best: Share | None) -> str:
    """How ranks are made, and the raw rate of the team that leads by them."""
    added = number(int(strength)) if float(strength).is_integer() else f"{strength:g}"
    said = f"Ranks are adjusted for team size (we add {added} average colleagues to every team)."
    return said if best is None else f"{said} Raw rate of the first: {best.hits} of {best.base}."


def logins(growth: float, times: float, per_rep_day: float) -> str:
    """Logins then and now, raw and for each day somebody had the tool."""
    return (
        f"Logins are {_moved(growth)}, but {half_up(times, 1)} times as many rep-days were enabled:"
        f" per rep-day they are {_moved(per_rep_day)}."
    )


def _moved(change: float) -> str:
    rounded = half_up(abs(change) * 100)
    if not rounded:
        return "unchanged"
    return f"{'up' if change > 0 else 'down'} {rounded}%"


def rule_changes(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """What of the adoption rule changed, each in words: what it was and what it is."""
    return [
        f"{RULE_WORDS.get(name, name)}: {_said(name, before.get(name))} before, "
        f"{_said(name, after.get(name))} now"
        for name in RULE_WORDS
        if before.get(name) != after.get(name)
    ]


def _said(name: str, value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if name == "week_start" and isinstance(value, int):
        return DAYS[value]
    if name == "workweek" and isinstance(value, int):
        return ", ".join(day[:3] for place, day in enumerate(DAYS) if value >> place & 1)
    if name == "tz_mode":
        return "each rep's own" if value == "user" else "the programme's"
    return str(value)
