"""What taking usage in needs to know beforehand: people by key and address, and local dates."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import people.queries
import programme.queries
from adoption.queries.events import zones_of_people
from adoption.rules import UsageRecords
from core.calendars import local_date, zone_of


@dataclass
class UsageIntake:
    """What recording needs to know of a programme and its people; keep it for a whole file."""

    programme_id: int
    clock_skew_min: int
    zones: Mapping[str, ZoneInfo]
    hopeful: bool = True
    _keys: dict[str, str | None] = field(default_factory=dict)
    _mails: dict[str, str | None] = field(default_factory=dict)

    def people_of(self, records: UsageRecords) -> list[str | None]:
        """The ids of the people records speak of, None where nobody is known."""
        keys = records.cells("person")
        _learn(self._keys, keys, people.queries.by_key)
        if records.mail == "":
            return [*map(self._keys.get, keys)]
        mails = records.cells("mail")
        _learn(self._mails, mails, people.queries.by_email)
        named = zip(keys, mails, strict=True)
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


def _learn(
    known: dict[str, str | None],
    names: Iterable[str],
    look_up: Callable[[Collection[str]], Mapping[str, int]],
) -> None:
    """Look up the names not met before, all at once."""
    new = {*names}.difference(known, ("",))
    if new:
        known.update(dict.fromkeys(new))
        known.update((name, str(ident)) for name, ident in look_up(new).items())


def open_intake(programme_id: int) -> UsageIntake:
    """Look up the programme and its zones."""
    owner = programme.queries.by_id(programme_id)
    zones = {"": programme.queries.calendar(owner).tz}
    if owner.tz_mode == "user":
        for person_id, zone in zones_of_people().items():
            zones[str(person_id)] = zone_of(zone)
    return UsageIntake(owner.id, owner.clock_skew_min, zones)
