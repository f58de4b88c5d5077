"""One usage record and its versions (METRICS E1, E2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import compress

FUTURE = "future"

# A column of records on their way in: one text for all of them, or a text for each.
Cells = str | list[str]


@dataclass(frozen=True)
class UsageRecords:
    """Usage records on their way in, column by column, for there are many.

    `places` are theirs in the batch. Texts are as both databases take them: moments are UTC as
    "YYYY-MM-DD HH:MM:SS.ffffff", `received` may be empty (not said), `voided` is "0" or "1". A
    person is named by key or, where that is empty, by address.
    """

    places: Sequence[int]
    source: Cells
    event_id: Cells
    person: Cells
    mail: Cells
    kind: Cells
    occurred: Cells
    received: Cells
    object_id: Cells
    value: Cells
    voided: Cells
    fingerprint: Cells

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.places)

    def cells(self, name: str) -> list[str]:
        """A column with a text for each record, also where all say the same."""
        column: Cells = getattr(self, name)
        return column if isinstance(column, list) else [column] * self.count

    def only(self, wanted: Sequence[object]) -> "UsageRecords":
        """The records for which `wanted` holds something true."""
        columns = {
            name: [*compress(column, wanted)] if isinstance(column, list) else column
            for name, column in vars(self).items()
            if name != "places"
        }
        return UsageRecords(places=[*compress(self.places, wanted)], **columns)


@dataclass(frozen=True)
class Content:
    """What a version of an event says, apart from when it was received."""

    person_id: int
    kind: str
    occurred_at: datetime
    object_id: str | None
    value: float | None
    voided: bool
    fingerprint: str | None


@dataclass(frozen=True)
class Placement:
    """Where a record belongs among the versions of its event (METRICS E1).

    `place` is its index in order of arrival, `superseded_at` when a later one took over. A record
    that is not `stored` says what its predecessor says; one that is may still be no `change`.
    """

    place: int
    superseded_at: datetime | None
    stored: bool
    change: bool


def place_version(
    chain: Sequence[tuple[datetime, Content]],
    received_at: datetime,
    content: Content,
    *,
    arrival_given: bool,
) -> Placement:
    """METRICS E1: the latest received wins, a tie goes to the later row.

    `chain` is in that order. A repeat that arrives later is stored without being a change, so that
    the order in which files come never matters; where the arrival was not said it is dropped.
    """
    place = sum(1 for arrived, _content in chain if arrived <= received_at)
    successor = chain[place][0] if place < len(chain) else None
    if place == 0:
        return Placement(place, successor, stored=True, change=True)
    before, said = chain[place - 1]
    if said != content:
        return Placement(place, successor, stored=True, change=True)
    is_new = arrival_given and before != received_at
    return Placement(place, successor, stored=is_new, change=False)


def is_from_the_future(occurred_at: datetime, received_at: datetime, skew_minutes: int) -> bool:
    """METRICS E2: it is said to have happened well after it was received."""
    return occurred_at > received_at + timedelta(minutes=skew_minutes)
