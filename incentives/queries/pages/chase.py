"""What separates a team from the next place, and what one more action changes, in words."""

from math import ceil

from incentives.queries.pages.squads import SquadLine
from incentives.queries.pages.whole import Whole, is_on
from incentives.queries.pages.words import listed, nth
from incentives.rules import chasing
from incentives.rules.chasing import Chase, Gap
from leaderboard.metrics import SCORE_UNITS, kind_name, plain
from leaderboard.models import Board
from leaderboard.queries.reads import Place
from leaderboard.rules.scoring import PointRule
from leaderboard.rules.standing import Mode, Terms
from leaderboard.rules.terms import number, rules_from
from leaderboard.rules.units import UnitKind

NAMED = 2


def chase_of(board: Board, places: tuple[Place, ...], own: Place) -> Chase:
    """A team's way up, among those it is ranked with."""
    terms = Terms(mode=Mode(board.mode), shrink_k=number(board.shrink_k))
    rivals = [place.line for place in places if place.division == own.division]
    return chasing.chase(terms, rivals, own.unit_id) if own.ranked else Chase()


def distance_words(board: Board, places: tuple[Place, ...], own: Place, found: Chase) -> str:
    """How far the next place is, in the unit of the contest; nothing to say is an empty text."""
    if own.rank is None or own.rank == 1:
        return ""
    if found.gap is None:
        return _behind(board, places, own)
    names = {place.unit_id: place.unit for place in places}
    passed = [names[key] for key in found.gap.past[:NAMED]]
    how = "level with" if found.gap.is_shared else "past"
    # Whom a person would pass is named to nobody (METRICS 5.4).
    is_told = len(found.gap.past) <= NAMED and not _is_person(board)
    others = f", {how} {listed(passed)}" if is_told else ""
    verb = "makes" if found.gap.amount == 1 else "make"
    what = _amount(board, own, found.gap)
    whom = "you" if _is_person(board) else own.unit
    return f"{what} {verb} {whom} {nth(found.gap.rank)}{others}."


def _is_person(board: Board) -> bool:
    return UnitKind(board.unit) is UnitKind.PERSON


def _amount(board: Board, own: Place, gap: Gap) -> str:
    if Mode(board.mode) is Mode.PARTICIPATION and _is_person(board):
        return "Your target reached"
    if Mode(board.mode) is Mode.PARTICIPATION:
        return f"{gap.amount} more {'rep' if gap.amount == 1 else 'reps'} on target"
    noun = "point" if gap.amount == 1 else "points"
    rule = _best(board)
    if rule is None:
        return f"{gap.amount:,} more {noun}"
    times = ceil(gap.amount / rule.points)
    return f"{gap.amount:,} more {noun}, {times:,} \N{MULTIPLICATION SIGN} {kind_name(rule.kind)},"


def _best(board: Board) -> PointRule | None:
    """The rule by which one action earns most."""
    rules = [rule for rule in rules_from(board.rules).values() if rule.points > 0]
    return max(rules, key=lambda rule: (rule.points, rule.kind), default=None)


def _behind(board: Board, places: tuple[Place, ...], own: Place) -> str:
    """The difference to whoever is next above, where no number of actions can be named."""
    mode = Mode(board.mode)
    if mode is Mode.PARTICIPATION:
        is_full = own.roster and own.participants == own.roster and not _is_person(board)
        return f"All {own.roster} reps of {own.unit} are on target." if is_full else ""
    above = [
        place.rank_score
        for place in places
        if place.rank is not None
        and own.rank is not None
        and place.rank < own.rank
        and place.division == own.division
        and place.rank_score is not None
    ]
    if not above or own.rank_score is None:
        return ""
    ahead = min(above) - own.rank_score
    who = "You are" if _is_person(board) else f"{own.unit} is"
    return f"{who} {float(ahead):.1f} {SCORE_UNITS[mode]} behind the next place."


def chase_in(found: Whole, own: Place) -> Chase:
    """A team's way up on a contest's page, worked out once for all of its reps."""
    kept = found.chases.get(own.unit_id)
    if kept is None:
        kept = found.chases[own.unit_id] = chase_of(found.board, found.table.places, own)
    return kept


def distance(found: Whole, own: Place | None) -> str:
    """How far the reader's team is from the next place, while there is something to play for."""
    if own is None or not is_on(found):
        return ""
    return distance_words(found.board, found.table.places, own, chase_in(found, own))


def next_action(found: Whole, team: Place | None, mine: SquadLine | None) -> str:
    """What one more action of the reader would do for their team."""
    if mine is None or team is None or not is_on(found):
        return ""
    if found.mode is Mode.PARTICIPATION:
        if found.is_person:
            return _own_days(mine.asked, mine.done)
        return _day_words(chase_in(found, team), team, mine.asked, mine.done)
    rule = _best(found.board)
    if rule is None:
        return ""
    more = int(rule.points) if rule.points >= 1 else 1
    noun = "point" if rule.points == 1 else "points"
    whom, it = ("you", "you") if found.is_person else (team.unit, "it")
    said = f"One more {kind_name(rule.kind)} earns {whom} {plain(rule.points)} {noun}"
    gap = chase_in(found, team).gap
    return f"{said} and makes {it} {nth(gap.rank)}." if gap and gap.amount <= more else f"{said}."


def _own_days(asked: int, done: int) -> str:
    left = asked - done
    if not asked:
        return ""
    if left <= 0:
        return f"You are on target with {done} {'day' if done == 1 else 'days'}."
    return f"{left} more {'day' if left == 1 else 'days'} and you are on target."


def _day_words(found: Chase, team: Place, asked: int, done: int) -> str:
    if not asked:
        return ""
    left = asked - done
    if left <= 0:
        days = f"{done} {'day' if done == 1 else 'days'}"
        return f"You are on target with {days}. Help one colleague to theirs."
    days = "day" if left == 1 else "days"
    said = f"{left} more {days} and you count for {team.unit}"
    rank = found.rank_after_one
    return f"{said}, which makes it {nth(rank)}." if rank is not None else f"{said}."
