"""Where a rep and a lead's teams stand in running contests, for their own first page."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from incentives.models import Contest
from incentives.queries import records as rows
from incentives.queries.documents import board_of
from incentives.queries.pages.chase import chase_of, distance_words
from incentives.queries.pages.lanes import NEIGHBOUR
from incentives.queries.pages.words import day_words, nth
from leaderboard.metrics import score_words
from leaderboard.models import Board
from leaderboard.queries import reads
from leaderboard.queries.reads import Place
from leaderboard.rules.seats import AROUND, PODIUM, is_last
from leaderboard.rules.standing import MemberScore, Mode
from leaderboard.rules.units import UnitKind
from people import queries as people
from programme import queries as programmes


@dataclass(frozen=True)
class OwnPlace:
    """A rep's week in one running contest."""

    contest: Contest
    team: str
    rank: int | None
    ranked: int
    moved: int | None
    score: str
    mine: MemberScore
    near: tuple[Place, ...]
    is_covered: bool
    own_team_id: int
    distance: str
    as_of: datetime
    time_zone: str
    is_person: bool = False


def own_places(person_id: int, now: datetime) -> tuple[OwnPlace, ...]:
    """Where a rep stands in every running contest they take part in."""
    found = []
    for contest in rows.running():
        mine = reads.member_scores_of(contest.board_id, person_id)
        best = max(mine, key=lambda score: score.available_days, default=None)
        if best is None:
            continue
        found.append(_own_place(contest, best, best.unit_id, now))
    return tuple(found)


def team_places(team_ids: Collection[int], now: datetime) -> tuple[OwnPlace, ...]:
    """Where teams stand in every running contest."""
    nobody = MemberScore(0, 0, Fraction(0), 0, 0, 0, on_roster=False)
    return tuple(
        _own_place(contest, nobody, team_id, now)
        for contest in rows.running()
        for team_id in sorted(reads.units_of(contest.board_id) & set(team_ids))
    )


def _own_place(contest: Contest, mine: MemberScore, team_id: int, now: datetime) -> OwnPlace:
    board = board_of(contest)
    covered = reads.is_hidden(board, now)
    table = reads.snapshot_table(board) if covered else reads.current_table(board, now)
    place = next((each for each in table.places if each.unit_id == team_id), None)
    moved = None
    if place is not None and place.previous_rank is not None and place.rank is not None:
        moved = place.previous_rank - place.rank
    rivals = [each for each in table.places if each.ranked and place and _races(each, place)]
    is_person = UnitKind(board.unit) is UnitKind.PERSON
    return OwnPlace(
        contest=contest,
        team=place.unit if place else people.team_names([team_id]).get(team_id, ""),
        rank=place.rank if place else None,
        ranked=len(rivals),
        moved=moved,
        score=score_words(Mode(board.mode), place.score if place else None),
        mine=mine,
        near=_unnamed(_near(rivals, team_id), team_id) if is_person else _near(rivals, team_id),
        is_covered=covered,
        own_team_id=team_id,
        distance=_distance(board, table.places, place),
        as_of=table.as_of if covered else board.changed_at or table.as_of,
        time_zone=programmes.by_id(contest.programme_id).time_zone,
        is_person=is_person,
    )


def _races(each: Place, own: Place) -> bool:
    return each.division == own.division


def _near(rivals: Sequence[Place], team_id: int) -> tuple[Place, ...]:
    """The own row and two neighbours either side (METRICS C10), the last place but to itself."""
    index = next((n for n, each in enumerate(rivals) if each.unit_id == team_id), None)
    if index is None:
        return ()
    near = rivals[max(0, index - AROUND) : index + AROUND + 1]
    return tuple(
        each for each in near if (each.rank or 0) <= PODIUM or not is_last(each, rivals, {team_id})
    )


def _unnamed(near: Sequence[Place], own_id: int) -> tuple[Place, ...]:
    """Of persons, nobody below the podium is named to others (METRICS 5.4)."""
    return tuple(
        each
        if each.unit_id == own_id or (each.rank or 0) <= PODIUM
        else replace(each, unit=NEIGHBOUR, is_listed=False)
        for each in near
    )


def _distance(board: Board, places: tuple[Place, ...], own: Place | None) -> str:
    if own is None:
        return ""
    return distance_words(board, places, own, chase_of(board, places, own))


def headline(place: OwnPlace) -> dict[str, object] | None:
    """One sentence for the first page, or None when the race asks nothing of the reader."""
    mine = place.mine
    left = mine.asked_days - mine.active_days
    if not mine.on_roster or left <= 0:
        return None
    days = "day" if left == 1 else "days"
    who = "You are" if place.is_person else f"{place.team} is"
    stands = f"{who} {nth(place.rank)} of {place.ranked}. " if place.rank else ""
    aim = "you are on target" if place.is_person else f"you count for {place.team}"
    return {
        "priority": 30,
        "headline": f"{left} more {days} and {aim}.",
        "lede": f"{'' if place.is_covered else stands}{place.contest.title} runs until "
        f"{day_words(place.contest.last_on)}.",
        "action_url": f"/contests/{place.contest.slug}",
        "action_label": "See the race",
    }


def team_headline(place: OwnPlace) -> dict[str, object] | None:
    """One sentence for a lead's first page: where the team stands, and what moves it."""
    own = next((each for each in place.near if each.unit_id == place.own_team_id), None)
    if place.is_covered or own is None or own.rank is None:
        return None
    return {
        "priority": 10,
        "headline": f"{place.team} is {nth(own.rank)} of {place.ranked} in {place.contest.title}.",
        "lede": f"{own.participants} of {own.roster} reps are on target. It runs until "
        f"{day_words(place.contest.last_on)}.",
        "action_url": f"/contests/{place.contest.slug}",
        "action_label": "See the race",
    }
