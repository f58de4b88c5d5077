"""A contest in the words its letters and pages use."""

from fractions import Fraction

from core.db import db
from core.money import show
from incentives import queries
from incentives.models import Contest, Prize
from incentives.notices import ContestWords
from incentives.queries.launching import Check
from incentives.queries.prospects import Neighbour
from incentives.rules.planning import Reach
from leaderboard.metrics import SCORE_UNITS, plain, rule_sentence
from leaderboard.models import Board
from leaderboard.queries import facts, tables
from leaderboard.rules.standing import Mode
from leaderboard.rules.units import UnitKind
from programme import queries as programmes


def contest_words(contest: Contest) -> ContestWords:
    """What letters say of a contest."""
    board = db.session.get_one(Board, contest.board_id)
    spec = facts.spec_of(board)
    teams = tables.sides(spec, facts.staff(spec))
    return ContestWords(
        id=contest.id,
        slug=contest.slug,
        title=contest.title,
        starts_at=contest.starts_at,
        ends_at=contest.ends_at,
        time_zone=programmes.by_id(contest.programme_id).time_zone,
        teams=len(teams),
        rules=tuple(rule_sentence(rule) for rule in spec.rules.values()),
        prizes=tuple(
            prize_sentence(prize.place, prize.title, contest.goal, prize_words(contest, prize))
            for prize in queries.prizes(contest.id)
        ),
        target_days=board.target_days,
        mode=board.mode,
        is_solo=spec.kind is UnitKind.PERSON,
    )


def prize_words(contest: Contest, prize: Prize) -> str | None:
    """Who wins a prize that goes neither by place to the unit nor by the goal of taking part."""
    said = _prize_words(contest, prize)
    if said is None or prize.min_loops_kept is None:
        return said
    return f"{said} and kept at least {_percent(prize.min_loops_kept)} of the weekly loops"


def _prize_words(contest: Contest, prize: Prize) -> str | None:
    if prize.is_improvement:
        return "Whoever led the most improved" if prize.for_manager else "The most improved"
    if prize.place is not None:
        place = PLACES.get(prize.place, f"Place {prize.place}").lower()
        return f"Whoever led the team in {place}" if prize.for_manager else None
    mode = Mode(str(contest.terms["mode"]))
    aim = f"{plain(Fraction(contest.goal or 0))} {SCORE_UNITS[mode]}"
    if mode is Mode.PARTICIPATION:
        aim = f"{_percent(contest.goal or '0')} taking part"
    if prize.for_manager:
        return f"Whoever led a team that reaches {aim}"
    noun = "rep" if queries.unit_kind(contest) is UnitKind.PERSON else "team"
    return f"Every {noun} that reaches {aim}"


def prize_sentence(place: int | None, title: str, goal: str | None, said: str | None = None) -> str:
    """Who wins a prize, in words; `said` where they are known already."""
    if said is not None:
        return f"{said}: {title}"
    if place is None:
        share = "the goal" if goal is None else f"{_percent(goal)} taking part"
        return f"Every team that reaches {share}: {title}"
    return f"{PLACES.get(place, f'Place {place}')}: {title}"


PLACES = {1: "First place", 2: "Second place", 3: "Third place"}


def _percent(goal: str) -> str:
    return f"{float(Fraction(goal) * 100):g}%"


def cost_sentence(amount_minor: int, currency: str) -> str:
    """What something costs at most."""
    return f"at most {show(amount_minor, currency)}" if amount_minor else "nothing"


def neighbour_check(other: Neighbour) -> Check:
    """A warning that some of the teams race elsewhere at the time, or did a little before."""
    teams = "One of these teams" if other.teams == 1 else f"{other.teams} of these teams"
    if other.is_at_once:
        return Check(
            "Two contests at once.",
            f"{teams} also race in {other.title}, {other.starts_on:%-d %b} to "
            f"{other.last_on:%-d %b}.",
            is_warning=True,
        )
    return Check(
        "Little rest.",
        f"{teams} raced in {other.title} until {other.last_on:%-d %b}. Contests wear out: leave "
        "four weeks between them.",
        is_warning=True,
    )


def reach_check(reach: Reach, *, staggered: bool) -> Check:
    """What a staggered start could show, in the words of METRICS section 9."""
    if reach.change is None:
        one, other = reach.teams // 2, reach.teams - reach.teams // 2
        sides = f"{COUNTS[one].capitalize()} {'team' if one == 1 else 'teams'}"
        return Check(
            "Too few teams to measure by lot.",
            f"{sides} against {COUNTS[other]}: even a perfect result happens by chance "
            f"{_odds(reach.by_chance or 1.0)}. We show the numbers but draw no conclusion.",
            is_warning=True,
        )
    weeks = "week" if round(reach.weeks) == 1 else "weeks"
    told = (
        f"With {reach.teams} teams of about {reach.size:.0f} and {reach.weeks:.0f} {weeks} "
        f"you can only detect a change of about {reach.change:.1f} active days a week. "
        "More teams help more than more weeks."
    )
    if not staggered:
        return Check("What you could measure.", f"If half of them, by lot, started later: {told}")
    return Check("What you can measure.", told, is_warning=reach.change > LARGE_CHANGE)


def _odds(chance: float) -> str:
    times = round(1 / chance)
    return "every time" if times == 1 else f"one time in {COUNTS.get(times, times)}"


WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
COUNTS = dict(enumerate(WORDS, 1))
LARGE_CHANGE = 1.0
"""More active days a week than contests usually bring."""
