"""The prizes of brackets: what there is to win, what is due, and who stood behind a finalist."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from core.db import db
from core.money import show
from incentives.models import Award, BracketPrize
from leaderboard.models import BracketDraw
from leaderboard.queries import reads, series
from leaderboard.rules.standing import MemberScore
from people import queries as people
from programme import queries as programmes


@dataclass(frozen=True)
class Finalist:
    """A team at the end of a bracket: its place, name, and who was on its roster in the final."""

    place: int
    team_id: int
    name: str
    roster: tuple[MemberScore, ...]


@dataclass(frozen=True)
class PrizeLine:
    """A prize as the bracket's page words it; `team` once it was given."""

    title: str
    words: str
    worth: str
    team: str


def prizes(bracket_id: int) -> tuple[BracketPrize, ...]:
    """A bracket's prizes, the winner's first."""
    return tuple(
        db.session.scalars(
            select(BracketPrize)
            .where(BracketPrize.bracket_id == bracket_id)
            .order_by(BracketPrize.place, BracketPrize.id)
        )
    )


def due() -> tuple[int, ...]:
    """Decided brackets whose prizes nobody was given yet."""
    given = select(Award.id).where(Award.bracket_id == BracketDraw.id)
    has_prize = select(BracketPrize.id).where(BracketPrize.bracket_id == BracketDraw.id)
    return tuple(
        db.session.scalars(
            select(BracketDraw.id)
            .where(BracketDraw.decided_at.is_not(None), has_prize.exists(), ~given.exists())
            .order_by(BracketDraw.id)
        )
    )


def is_given(bracket_id: int) -> bool:
    """Whether its prizes were given."""
    found = select(Award.id).where(Award.bracket_id == bracket_id).limit(1)
    return db.session.scalar(found) is not None


def last_day(bracket_id: int) -> date:
    """The last day of its final."""
    return series.rounds(bracket_id)[-1].ends_on - series.DAY


def finalists(draw: BracketDraw) -> tuple[Finalist, ...]:
    """The winner, and whom it met in the final; a final without a rival has no second."""
    stage = series.rounds(draw.id)[-1]
    [final] = series.matches(draw.id, stage.number)
    other = final.lower_id if final.winner_id == final.upper_id else final.upper_id
    units = [unit for unit in (final.winner_id, other) if unit is not None]
    names = people.team_names(units)
    scores = reads.member_scores(stage.board_id) if stage.board_id is not None else ()
    return tuple(
        Finalist(
            place,
            unit,
            names.get(unit, ""),
            tuple(each for each in scores if each.unit_id == unit and each.on_roster),
        )
        for place, unit in enumerate(units, start=1)
    )


def lines_of(slug: str) -> Sequence[PrizeLine]:
    """What there is to win in a bracket, in words, and who won it."""
    draw = series.bracket_by_slug(slug)
    if draw is None:
        return ()
    currency = programmes.by_id(draw.programme_id).currency
    won = {
        award.rule: award.team_id or 0
        for award in db.session.scalars(
            select(Award).where(
                Award.bracket_id == draw.id, Award.state.in_(["granted", "announced"])
            )
        )
    }
    names = people.team_names(won.values())
    return [
        PrizeLine(
            prize.title,
            "For the winner" if prize.place == 1 else "For the runner-up",
            show(prize.cost_minor, currency) if prize.cost_minor else "",
            names.get(won.get(f"bracket_prize:{prize.id}", 0), ""),
        )
        for prize in prizes(draw.id)
    ]
