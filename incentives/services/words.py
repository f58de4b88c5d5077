"""A contest in the words its letters and pages use."""

from fractions import Fraction

from core.db import db
from core.money import show
from incentives import queries
from incentives.models import Contest
from incentives.notices import ContestWords
from leaderboard.metrics import rule_sentence
from leaderboard.models import Board
from leaderboard.queries import facts, tables
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
            prize_sentence(prize.place, prize.title, contest.goal)
            for prize in queries.prizes(contest.id)
        ),
        target_days=board.target_days,
        mode=board.mode,
    )


def prize_sentence(place: int | None, title: str, goal: str | None) -> str:
    """Who wins a prize, in words."""
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
