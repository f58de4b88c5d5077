"""What can be scored, in words: kinds of events and the rules over them."""

from collections.abc import Iterable, Sequence
from fractions import Fraction

from leaderboard.rules.scoring import PointRule, Unique
from leaderboard.rules.standing import Mode
from leaderboard.rules.units import TieBreak

KIND_NAMES = {
    "guided_use": "guided use",
    "proposal_created": "proposal created",
    "sequence_run": "sequence run",
    "deal_engaged": "deal engaged",
    "deal_won": "deal won",
    "deal_lost": "deal lost",
    "login": "login",
}
MODE_NAMES = {
    Mode.PARTICIPATION: "Share of the team taking part",
    Mode.PER_CAPITA: "Points per rep",
    Mode.TOTAL: "Team total",
    Mode.IMPROVEMENT: "Improvement on the weeks before",
    Mode.HANDICAP: "Points per rep, levelled by the weeks before",
}
SCORE_UNITS = {
    Mode.PARTICIPATION: "% taking part",
    Mode.PER_CAPITA: "points per rep",
    Mode.TOTAL: "points",
    Mode.IMPROVEMENT: "% better",
    Mode.HANDICAP: "levelled points per rep",
}
TIE_NAMES = {
    TieBreak.SUSTAINED: "the larger share of sustained users",
    TieBreak.LOOP: "the manager who kept more of the weekly coaching loops",
    TieBreak.TIME: "who got there earlier",
}
TIE_LABELS = {
    TieBreak.SUSTAINED: "Sustained users",
    TieBreak.LOOP: "Weekly loops kept",
}
SENTENCES = {
    Unique.OBJECT: "each deal once",
    Unique.OBJECT_DAY: "each deal once a day",
}


def kind_name(kind: str) -> str:
    """A kind of event as people say it."""
    return KIND_NAMES.get(kind, kind.replace("_", " ").replace(".", " "))


def plain(number: Fraction) -> str:
    """An exact number without needless decimals."""
    return f"{float(number):g}"


def rule_sentence(rule: PointRule) -> str:
    """A point rule in one line: "10 points: guided use, at most 3 a day"."""
    noun = "point" if rule.points == 1 else "points"
    parts = [f"{plain(rule.points)} {noun}: {kind_name(rule.kind)}", *rule_limits(rule)]
    return ", ".join(parts)


def rule_limits(rule: PointRule) -> tuple[str, ...]:
    """What holds a rule in: cap, repeats, least value, decay."""
    limits = []
    if rule.daily_cap is not None:
        limits.append(f"at most {rule.daily_cap} a day")
    if rule.unique is not None:
        limits.append(SENTENCES[rule.unique])
    if rule.min_value is not None:
        limits.append(f"from a value of {plain(rule.min_value)}")
    if rule.decay != 1:
        limits.append(f"each further one of a day worth {plain(rule.decay * 100)}% of the last")
    return tuple(limits)


def scored_kinds(key_actions: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """The kinds a new contest may score, with their names: the programme's key actions."""
    return tuple((kind, kind_name(kind).capitalize()) for kind in key_actions)


def percent(number: Fraction | None) -> str:
    """A share as whole percent, half up."""
    return "–" if number is None else f"{int(number * 100 + Fraction(1, 2))}%"


def score_words(mode: Mode, score: Fraction | None) -> str:
    """A score as boards print it."""
    if score is None:
        return "–"
    if mode is Mode.PARTICIPATION:
        return percent(score)
    if mode is Mode.TOTAL:
        return plain(score)
    return f"{float(score):.1f}"


def tie_sentence(ties: Sequence[TieBreak]) -> str:
    """What decides between equal scores (CONTESTS case 20)."""
    if not ties:
        return "Equal scores share the place."
    return f"Between equal scores goes {', then '.join(TIE_NAMES[each] for each in ties)}."


def tie_lines(ties: Sequence[TieBreak], values: Sequence[Fraction]) -> tuple[tuple[str, str], ...]:
    """What a row has to part it from its equals, as kept with it; times are left to the events."""
    return tuple(
        (TIE_LABELS[rule], percent(value))
        for rule, value in zip(ties, values, strict=False)
        if rule in TIE_LABELS
    )


LOOP_NOTE = (
    "Of the weeks that lie wholly inside the contest and asked for a loop; outages and excused "
    "weeks are left out. A team with none stands at the share of all teams."
)
