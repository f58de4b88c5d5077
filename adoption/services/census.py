"""What taking usage in needs to know beforehand: people by key and address, and local dates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import people.queries
import programme.queries
from adoption.queries.events import zones_of_people
from core.calendars import local_date, zone_of


@dataclass
class UsageIntake:
    """What recording needs to know of a programme and its people; keep it for a whole file."""

    programme_id: int
    clock_skew_min: int
    ids: Mapping[str, str]
    mails: Mapping[str, str]
    zones: Mapping[str, ZoneInfo]
    hopeful: bool = True
    hours: dict[str, str] = field(default_factory=dict)

    def days_of(self, stamps: Sequence[str], person_ids: Sequence[str]) -> list[str]:
        """The local dates of UTC stamps, in people's own zones where the programme says so."""
        known, work_out = self.hours.get, self._day_of
        if len(self.zones) == 1:
            pairs = zip(stamps, person_ids, strict=True)
            return [known(stamp[:13]) or work_out(stamp, who, "") for stamp, who in pairs]
        own = {who: zone.key for who, zone in self.zones.items()}
        home, zone_of_rep = self.zones[""].key, own.get
        named = [zone_of_rep(who, home) for who in person_ids]
        return [
            known(stamp[:13] + name) or work_out(stamp, who, name)
            for stamp, who, name in zip(stamps, person_ids, named, strict=True)
        ]

    def _day_of(self, stamp: str, person_id: str, zone_name: str) -> str:
        zone = self.zones.get(person_id) or self.zones[""]
        moment = datetime.fromisoformat(stamp).replace(tzinfo=UTC)
        day = local_date(moment, zone).isoformat()
        if day == self._end_of_hour(moment, zone):
            self.hours[stamp[:13] + zone_name] = day
        return day

    @staticmethod
    def _end_of_hour(moment: datetime, zone: ZoneInfo) -> str:
        """The date at both ends of the hour when they agree, else nothing."""
        first = local_date(moment.replace(minute=0, second=0, microsecond=0), zone)
        last = local_date(moment.replace(minute=59, second=59, microsecond=999_999), zone)
        return first.isoformat() if first == last else ""


def open_intake(
    programme_id: int, keys: Sequence[str] | None = None, mails: Sequence[str] | None = None
) -> UsageIntake:
    """Look up the programme and its people: those named, or everybody for a long file."""
    owner = programme.queries.by_id(programme_id)
    zones = {"": programme.queries.calendar(owner).tz}
    if owner.tz_mode == "user":
        for person_id, zone in zones_of_people().items():
            zones[str(person_id)] = zone_of(zone)
    return UsageIntake(
        owner.id,
        owner.clock_skew_min,
        {key: str(ident) for key, ident in people.queries.by_key(keys).items()},
        {mail: str(ident) for mail, ident in people.queries.by_email(mails).items()},
        zones,
    )
