"""How many of a prize there are, and how many are given: never more, whoever gives at once.

Every change goes through the prize's locked row, so that two who give the last one wait for each
other and the second is refused.
"""

from datetime import datetime

from core import audit
from core.db import db, lock_row
from core.errors import Conflict, Invalid, NotAllowed, NotFound
from core.policy import Actor, Role, require
from incentives import queries
from incentives.models import Award, Contest, Prize
from incentives.rules.prizes import short_of
from leaderboard.models import Board
from leaderboard.rules.units import division_sizes
from people import queries as people

MOST = 1_000_000


def check(contest: Contest, units: int) -> None:
    """Raise Invalid where a prize could be won more often than there are of it, ties included."""
    board = db.session.get_one(Board, contest.board_id)
    sizes = [units] if board.division_by is None else division_sizes(units, board.division_of)
    found = short_of(queries.prize_terms(contest.id), list(sizes))
    if found is None:
        return
    prize, most = found
    title = next(each.title for each in queries.prizes(contest.id) if each.id == prize.prize_id)
    raise Invalid(
        f"There are {prize.stock} of {title}, but {most} could be won, ties included.",
        code="no_stock",
        field="prizes",
        fix=f"Have {most} of them, or leave out how many there are.",
    )


def take(award: Award) -> None:
    """Take one of the prize for an award; raises Conflict when none is left."""
    prize = _locked(award)
    if prize is None:
        return
    if prize.stock is not None and prize.taken >= prize.stock:
        raise Conflict(
            f"All {prize.stock} of {prize.title} are given.",
            code="no_stock",
            fix="Sales operations can say that there are more.",
        )
    prize.taken += 1
    db.session.flush()


def put_back(award: Award) -> None:
    """Put the prize of an award back that was dropped or taken back."""
    prize = _locked(award)
    if prize is not None and prize.taken:
        prize.taken -= 1
        db.session.flush()


def _locked(award: Award) -> Prize | None:
    return None if award.prize_id is None else lock_row(Prize, award.prize_id)


def adjust(
    contest: Contest,
    title: str,
    amount: int,
    *,
    actor: Actor,
    second: Actor | None,
    now: datetime,
) -> Prize:
    """Say how many of a prize there are; it takes two people where there are two.

    Raises Conflict when more are given already.
    """
    require(actor, "prize.stock_adjust")
    if not 0 < amount <= MOST:
        raise Invalid("A stock is a whole number.", field="amount")
    others = set(people.ids_with_role(Role.SALES_OPS)) - {actor.person_id}
    if others and not actor.is_system and (second is None or second.person_id not in others):
        raise NotAllowed("It takes two people.", fix="Name the second one, who may do it too.")
    named = [each.id for each in queries.prizes(contest.id) if each.title == title]
    prize = lock_row(Prize, named[0]) if named else None
    if prize is None:
        raise NotFound(f"{contest.title} has no prize {title}.")
    if prize.taken > amount:
        raise Conflict(f"{prize.taken} of {title} are given already.", code="no_stock")
    prize.stock = amount
    db.session.flush()
    audit.record(
        "prize.stock_adjust",
        actor=actor,
        now=now,
        subject=f"prize:{prize.id}",
        detail={"stock": amount, "second": second.person_id if second else None},
    )
    return prize
