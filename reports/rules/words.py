"""Differences in words, after METRICS section 9. Every number is rounded half up (G6)."""

from core.stats import half_up, smallest_p

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


def days_range(effect: float, lo: float, hi: float) -> str:
    """How many days a week more or less, and between what: "0.36 days a week more (0.28 to 0.43)".

    The range is told in the direction of the effect, so a minus means the other way.
    """
    if effect < 0:
        return f"{plain(-effect)} days a week less ({plain(-hi)} to {plain(-lo)})"
    return f"{plain(effect)} days a week more ({plain(lo)} to {plain(hi)})"


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
