"""Differences in words, after METRICS section 9. Every number is rounded half up (G6)."""

from collections.abc import Callable

from core.money import SYMBOLS
from core.stats import half_up, smallest_p

Say = Callable[[float], str]
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
LEVEL = 0.05
NO_CONCLUSION = "We show the numbers but draw no conclusion."


def number_word(count: int) -> str:
    """A whole number as one writes it: in words up to ten."""
    return NUMBERS[count] if count < len(NUMBERS) else f"{count:,}"


def plain(value: float, digits: int = 2) -> str:
    """A number with a real minus sign; what rounds to nothing has none."""
    rounded = half_up(value, digits)
    return f"−{-rounded:,}" if rounded < 0 else f"{abs(rounded):,}"


def signed(value: float, digits: int = 2) -> str:
    """A number with its sign, for differences."""
    text = plain(value, digits)
    return text if text.startswith("−") or not half_up(value, digits) else f"+{text}"


def between(lo: float, hi: float, say: Say, say_more: Say) -> str:
    """An interval as one reads it aloud, in the order of the axis beside it: the low end first.

    An end below zero is said as less, so that nobody has to work out what a minus of less means.
    `say` writes an amount, `say_more` one in an interval that is all above zero.
    """
    if lo >= 0:
        return f"{say_more(lo)} to {say_more(hi)}"
    if hi <= 0:
        return f"between {say(-lo)} and {say(-hi)} less"
    return f"between {say(-lo)} less and {say(hi)} more"


def days_range(effect: float, lo: float, hi: float) -> str:
    """How many days a week more or less, and between what: "0.36 days a week more (0.28 to 0.43)".

    The range runs as on the axis (`between`).
    """
    much = "more" if effect >= 0 else "less"
    return f"{plain(abs(effect))} days a week {much} ({between(lo, hi, plain, plain)})"


def chance(p: float) -> str:
    """How often chance alone would do it: "less than once in 1,000 times"."""
    if p < 0.001:
        return "less than once in 1,000 times"
    if p <= LEVEL:
        return f"about once in {half_up(1 / p):,} times"
    return f"about {half_up(100 * p)} times in 100"


def experiment_sentence(who: str, effect: float, lo: float, hi: float, p: float) -> str:
    """METRICS section 9, "Experiment", and what stands there when chance explains it as well."""
    found = f"{who} used it {days_range(effect, lo, hi)}."
    told = f"Chance alone would produce this {chance(p)}"
    return f"{found} {told}." if p <= LEVEL else f"{found} {told}, so we cannot tell yet."


def too_few_sentence(early: int, late: int) -> str:
    """METRICS section 9, "Too few": what even a perfect result of so few teams would be worth."""
    if not early or not late:
        lone = number_word(early or late)
        teams = "team" if early + late == 1 else "teams"
        return f"{lone.capitalize()} {teams} with nobody to compare with. {NO_CONCLUSION}"
    few = f"{number_word(early).capitalize()} {'team' if early == 1 else 'teams'} against"
    few = f"{few} {number_word(late)}"
    smallest = smallest_p(early, late)
    if smallest > LEVEL:
        times = half_up(1 / smallest)
        often = "every time" if times == 1 else f"one time in {number_word(int(times))}"
        return f"{few}: even a perfect result happens by chance {often}. {NO_CONCLUSION}"
    return f"{few}: with fewer than four on a side, one team's luck decides. {NO_CONCLUSION}"


def percent(share: float) -> str:
    """A share as people read it, with a real minus sign: "209%"."""
    return f"{plain(100 * share, 0)}%"


def signed_percent(share: float) -> str:
    """A difference as people read it: "+10%"."""
    return f"{signed(100 * share, 0)}%"


def amount(value: float, currency: str) -> str:
    """Money in round figures: "$74.7K", "$1.3M", "$850"."""
    size = abs(value)
    for unit, word in ((1_000_000, "M"), (1_000, "K")):
        # From where it would be rounded up to the unit anyway.
        if size >= unit * (0.99995 if unit > 1_000 else 0.9995):
            text = f"{half_up(size / unit, 1):,}{word}"
            break
    else:
        text = f"{half_up(size):,}"
    symbol = SYMBOLS.get(currency)
    sign = "−" if value < 0 and text.strip("0.") else ""
    return f"{sign}{symbol}{text}" if symbol else f"{sign}{text} {currency}"


def gap_sentence(means: tuple[float, float], gap: float, before: float, currency: str) -> str:
    """METRICS section 9, "Gap", which V4 never lets stand without the gap before."""
    users, others = (amount(mean, currency) for mean in means)
    told = f"Reps who used the tool sold {users} each, others {others} ({signed_percent(gap)})."
    if half_up(100 * before) <= 0:
        less = f"{percent(-before)} less" if half_up(100 * before) else "no more"
        return f"{told} Before the tool existed the same people sold {less} than the others."
    share = "most" if gap <= 0 or before >= gap / 2 else "part"
    return (
        f"{told} Careful: the same people already sold {percent(before)} more before the tool "
        f"existed, so {share} of this is who they are, not what the tool does."
    )


def adjusted_sentence(ends: tuple[float, float, float], base: float | None, currency: str) -> str:
    """METRICS X5 in words: the effect with its interval, and as a share of what was to expect."""
    effect, lo, hi = ends
    share = f", {percent(abs(effect) / base)} of what their past let expect" if base else ""
    much = "more" if effect >= 0 else "less"

    def money(value: float) -> str:
        return amount(value, currency)

    return (
        f"Next to others who had sold as much before, reps who used it sold "
        f"{money(abs(effect))} {much} each (likely {between(lo, hi, money, money)}){share}. "
        "One earlier season is a rough guide, so this still holds part of who they are."
    )


def growth_sentence(effect: float, lo: float, hi: float, p: float) -> str:
    """METRICS section 9, "Adjusted"."""
    much = "more" if effect >= 0 else "less"
    found = (
        f"Compared with their own past, reps who used it grew {percent(abs(effect))} {much} than "
        f"the others (likely {between(lo, hi, percent, signed_percent)})"
    )
    if p > LEVEL:
        found += f"; chance alone would do as much {chance(p)}, so we cannot tell"
    return f"{found}. A comparison, not an experiment."


def cannot_sentence(users: int, others: int, min_group: int, *, has_past: bool) -> str:
    """Why a comparison says nothing: too few people, no past, or too few teams."""
    if min(users, others) < min_group:
        return (
            f"{users:,} used it and {others:,} did not: with fewer than {min_group} on a side we "
            "show no average."
        )
    if not has_past:
        return "What the same people sold before the tool is not known here."
    return "Fewer than four teams on a side: too few to tell an effect from one team's luck."
