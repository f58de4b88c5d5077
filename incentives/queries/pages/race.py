"""The race so far: places at the close of each working day."""

from collections.abc import Collection, Mapping
from datetime import date

from core import charts
from core.charts import Chart, Run
from incentives.queries.pages.lanes import shown_places
from incentives.queries.pages.whole import Whole
from incentives.queries.pages.words import day_words
from leaderboard.metrics import score_words
from leaderboard.queries import facts, reads
from leaderboard.rules.seats import Seat

MOST_RUNS = 12


def race_of(found: Whole, own: Collection[int], seat: Seat = Seat.ALL) -> Chart | None:
    """Places at the close of each working day, of the teams the reader sees on the Board.

    Only where all lines can be followed, and not while a ceremony is awaited. Of persons none: a
    line for each colleague would tell more than the Board does.
    """
    if found.is_person:
        return None
    placed, board, table = shown_places(found, own, seat), found.board, found.table
    if not 2 <= len(placed) <= MOST_RUNS or (board.is_sealed and found.is_covered):
        return None
    spec = facts.spec_of(board)
    until = spec.calendar.local_day(min(table.as_of, found.now) if table.is_frozen else found.now)
    closes = reads.race(board.id, [place.unit_id for place in placed])
    days = (
        sorted(
            day
            for day in set.intersection(
                *({day for day, rank in ranks.items() if rank} for ranks in closes.values())
            )
            if day in spec.working and day <= until
        )
        if len(closes) == len(placed)
        else []
    )
    if len(days) < 2:
        return None
    days = _from_the_first_move(days, closes)
    runs = [
        Run(
            place.unit,
            place.unit_id,
            [closes[place.unit_id][day] or len(found.placed) for day in days],
            score_words(found.mode, place.score),
            place.unit_id in own,
        )
        for place in placed
    ]
    first = placed[0]
    finding = (
        f"Place of each team at the close of each working day, {day_words(days[0])} to "
        f"{day_words(days[-1])}. {first.unit} is first with "
        f"{score_words(found.mode, first.score)}."
    )
    return charts.bump(runs, [f"{day.day} {day:%b}" for day in days], finding)


def _from_the_first_move(
    days: list[date], found: Mapping[int, Mapping[date, int | None]]
) -> list[date]:
    """Leave out the days before anybody had reached a target: all share the first place then."""
    moved = next(
        (n for n, day in enumerate(days) if len({ranks[day] for ranks in found.values()}) > 1), 0
    )
    return days[max(0, min(moved - 1, len(days) - 2)) :]
