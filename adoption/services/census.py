"""What taking usage in needs to know beforehand: people by key and address, and local dates."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import people.queries
import programme.queries
from adoption.queries.events import zones_of_people
from adoption.rules import Cells, UsageRecords
from core.bulkload import takes_blocks
from core.calendars import local_date, zone_of


@dataclass
class UsageIntake:
    """What recording needs to know of a programme and its people; keep it for a whole file."""

    programme_id: int
    clock_skew_min: int
    zones: Mapping[str, ZoneInfo]
    hopeful: bool = True
    takes_blocks: bool = False
    is_posted: bool = False
    _keys: dict[str, str | None] = field(default_factory=dict)
    _mails: dict[str, str | None] = field(default_factory=dict)

    def knows_people_of(self, records: UsageRecords) -> bool:
        """Whether everybody records speak of was looked up before, found or not."""
        named = ((self._keys, records.person), (self._mails, records.mail))
        return not any(_unmet(known, column) for known, column in named)

    def people_of(self, records: UsageRecords) -> list[str | None]:
        """The ids of the people records speak of, None where nobody is known."""
        look_up = people.queries.by_key_met if self.is_posted else people.queries.by_key
        self._keys = _learnt(self._keys, records.person, look_up)
        keys = records.cells("person")
        if records.mail == "":
            return [*map(self._keys.get, keys)]
        self._mails = _learnt(self._mails, records.mail, people.queries.by_email)
        named = zip(keys, records.cells("mail"), strict=True)
        return [self._keys[key] if key else self._mails[mail] for key, mail in named]

    def days_of(self, stamps: Sequence[str], person_ids: Sequence[str]) -> list[str]:
        """The local dates of UTC stamps, in people's own zones where the programme says so."""
        home = self.zones[""]
        if len(self.zones) == 1:
            return [_day_of_hour(at[:13], home) or _day_of(at, home) for at in stamps]
        own = self.zones.get
        zones = [own(who) or home for who in person_ids]
        return [
            _day_of_hour(at[:13], zone) or _day_of(at, zone)
            for at, zone in zip(stamps, zones, strict=True)
        ]


def _day_of(stamp: str, zone: ZoneInfo) -> str:
    return local_date(datetime.fromisoformat(stamp).replace(tzinfo=UTC), zone).isoformat()


@lru_cache(maxsize=50_000)
def _day_of_hour(hour: str, zone: ZoneInfo) -> str:
    """The local date of a whole hour in UTC; "" where another begins within it."""
    day = _day_of(f"{hour}:00:00", zone)
    return day if day == _day_of(f"{hour}:59:59.999999", zone) else ""


def _unmet(known: Mapping[str, str | None], column: Cells) -> set[str]:
    """The names of a column not met before."""
    return {*column}.difference(known, ("",)) if isinstance(column, list) else set()


def _learnt(
    known: dict[str, str | None],
    column: Cells,
    look_up: Callable[[Collection[str]], Mapping[str, int]],
) -> dict[str, str | None]:
    """What is known with the names not met before, looked up all at once.

    It is a new dictionary: another thread may be reading ahead by the old one, and must not meet
    there a name that is still being looked up.
    """
    new = _unmet(known, column)
    if not new:
        return known
    found = {name: str(ident) for name, ident in look_up(new).items()}
    return {**known, **dict.fromkeys(new), **found}


def open_intake(programme_id: int, *, is_posted: bool = False) -> UsageIntake:
    """Look up the programme and its zones; `is_posted` as in the import's context."""
    owner = programme.queries.by_id(programme_id)
    zones = {"": programme.queries.calendar(owner).tz}
    if owner.tz_mode == "user":
        for person_id, zone in zones_of_people().items():
            zones[str(person_id)] = zone_of(zone)
    return UsageIntake(
        owner.id,
        owner.clock_skew_min,
        zones,
        takes_blocks=takes_blocks(),
        is_posted=is_posted,
    )
