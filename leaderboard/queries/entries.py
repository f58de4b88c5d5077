"""A score opened down to its events, each with what it earned and why, as plain data."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction

from leaderboard.models import Board
from leaderboard.queries import history, tables
from leaderboard.queries.tables import Opened
from people import queries as people

# What becomes of an event, as a page says it: of one, and of several.
REASONS: Mapping[str, tuple[str, str]] = {
    "counted": ("It counted.", "counted"),
    "cap": ("0 points: over the daily cap.", "over the daily cap"),
    "held": ("0 points for now: held for review.", "held for review"),
    "no_object": ("0 points: no deal is named.", "without a deal"),
    "repeat": ("0 points: this deal counted already.", "for a deal that counted already"),
    "below_min_value": ("0 points: below the least value.", "below the least value"),
    "not_enabled": ("0 points: not enabled that day.", "on days not enabled"),
    "no_team": ("0 points: on no team that day.", "on days without a team"),
    "late": ("0 points: came after the closing.", "after the closing"),
}


def plain(number: Fraction | None) -> int | float | None:
    """An exact number as JSON has it: whole numbers whole, others as near as a float gets."""
    if number is None:
        return None
    return int(number) if number.denominator == 1 else float(number)


def instant(moment: datetime) -> str:
    """An instant as JSON has it."""
    return moment.isoformat().replace("+00:00", "Z")


def opened(
    board: Board, unit_id: int, *, as_of: datetime, with_names: bool
) -> tuple[dict[str, object], ...]:
    """The reps behind a row with their entries; names only where the reader may see them."""
    spec = history.spec_at(board, as_of)
    found = tables.opened(spec, unit_id, min(as_of, board.closes_at), as_of)
    names = _labels(found, with_names=with_names)
    return tuple(_opened(each, names[each.person_id]) for each in found)


def _labels(found: tuple[Opened, ...], *, with_names: bool) -> Mapping[int, str]:
    """Names where they may be shown and the person did not opt out; else "Rep 1", "Rep 2"."""
    cards = people.cards([each.person_id for each in found]) if with_names else {}
    labels = {}
    for number, each in enumerate(found, start=1):
        card = cards.get(each.person_id)
        name = None if card is None else card.on_boards
        labels[each.person_id] = name or f"Rep {number}"
    return labels


def _opened(each: Opened, label: str) -> dict[str, object]:
    score = each.score
    return {
        "person": label,
        "points": plain(score.points),
        "active_days": score.active_days,
        "asked_days": score.asked_days,
        "available_days": score.available_days,
        "on_roster": score.on_roster,
        "met": score.met,
        "entries": [
            {
                "event_id": entry.event.event_id,
                "kind": entry.event.kind,
                "occurred_at": instant(entry.event.occurred_at),
                "day": entry.event.day.isoformat(),
                "object_id": entry.event.object_id,
                "points": plain(entry.points),
                "counted": entry.is_counted,
                "reason": entry.reason.value,
            }
            for entry in each.entries
        ],
    }


def tally(person: Mapping[str, object]) -> str:
    """What became of somebody's events in one sentence: "5 counted, 2 over the daily cap."."""
    entries = person["entries"]
    counts = Counter(str(entry["reason"]) for entry in entries) if isinstance(entries, list) else {}
    said = [f"{counts[key]} {words}" for key, (_, words) in REASONS.items() if key in counts]
    return f"{', '.join(said)}." if said else ""
