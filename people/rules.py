"""Decisions about people that can be worked on paper: employment, teams on a day, slugs, cycles."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from typing import Any, NamedTuple

QUIET_FROM, QUIET_UNTIL = time(19, 0), time(8, 0)


@dataclass(frozen=True)
class PersonCalendar:
    """When a person was employed, enabled and away; every question takes a local date."""

    hired_on: date | None
    left_on: date | None
    enabled_on: date | None
    disabled_on: date | None
    absences: tuple[tuple[date, date], ...] = ()

    def is_employed(self, day: date) -> bool:
        """METRICS P2: hire <= day <= last day employed; no hire date means always here."""
        return not (
            (self.hired_on is not None and day < self.hired_on)
            or (self.left_on is not None and day > self.left_on)
        )

    def is_enabled(self, day: date) -> bool:
        """METRICS P3: enabled_on <= day < disabled_on; never enabled without an enabled_on."""
        if self.enabled_on is None or day < self.enabled_on:
            return False
        return self.disabled_on is None or day < self.disabled_on

    def is_current(self, day: date) -> bool:
        """Employed and enabled on `day`."""
        return self.is_employed(day) and self.is_enabled(day)

    def is_absent(self, day: date) -> bool:
        """In an absence on `day`; both ends count (METRICS P5)."""
        return any(start <= day <= end for start, end in self.absences)

    def is_available(self, day: date) -> bool:
        """METRICS P5 without the working-day part, which the programme's calendar knows."""
        return self.is_current(day) and not self.is_absent(day)

    @property
    def start_day(self) -> date | None:
        """METRICS P3: the later of hire and enablement; None while not enabled."""
        if self.enabled_on is None:
            return None
        return max(self.enabled_on, self.hired_on) if self.hired_on else self.enabled_on


class MembershipSpan(NamedTuple):
    """A person in a team over [starts_on, ends_on). Read by the ten thousand, so a plain tuple."""

    person_id: int
    team_id: int
    starts_on: date
    ends_on: date | None
    is_lead: bool = False
    id: int = 0

    def covers(self, day: date) -> bool:
        """Half-open (METRICS T7)."""
        return self.starts_on <= day and (self.ends_on is None or day < self.ends_on)

    def overlaps(self, other: "MembershipSpan") -> bool:
        """Some day lies in both."""
        return (self.ends_on is None or other.starts_on < self.ends_on) and (
            other.ends_on is None or self.starts_on < other.ends_on
        )


def team_of(spans: Iterable[MembershipSpan], day: date) -> int | None:
    """METRICS P7 for one person: the covering span with the latest start, then the last row."""
    covering = [span for span in spans if span.covers(day)]
    if not covering:
        return None
    return max(covering, key=lambda span: (span.starts_on, span.id)).team_id


def teams_of(spans: Iterable[MembershipSpan]) -> dict[int, int]:
    """METRICS P7 for everybody, from spans that all cover the day."""
    ordered = sorted(spans, key=lambda span: (span.starts_on, span.id))
    return {span.person_id: span.team_id for span in ordered}


Facts = Mapping[str, object]
PERSON_DATES = ("hired_on", "left_on", "enabled_on", "disabled_on")


def person_facts(person: object) -> Facts:
    """What a report needs of a person's record, as `core.history` keeps it: no name, no address."""
    dates = {name: _text_of(getattr(person, name)) for name in PERSON_DATES}
    kept = {name: getattr(person, name) for name in ("role", "is_test", "time_zone")}
    return dates | kept


def _text_of(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _day_of(text: object) -> date | None:
    return None if text is None else date.fromisoformat(str(text))


def calendars_then(
    present: Mapping[int, PersonCalendar], changed: Mapping[str, Facts | None]
) -> dict[int, PersonCalendar]:
    """The calendars with the records that changed since put back; who came later is left out."""
    found = dict(present)
    for key, facts in changed.items():
        now = found.pop(int(key), None)
        if now is not None and facts is not None:
            hired, left, enabled, disabled = (_day_of(facts[name]) for name in PERSON_DATES)
            found[int(key)] = PersonCalendar(hired, left, enabled, disabled, now.absences)
    return found


def absence_key(person_id: int, starts_on: date, ends_on: date) -> str:
    """How `core.history` names an absence."""
    return f"{person_id}:{starts_on}:{ends_on}"


def absences_then(
    present: Iterable[Iterable[Any]], changed: Mapping[str, Facts | None]
) -> Iterator[tuple[int, date, date]]:
    """The absences without those entered since."""
    for person_id, starts_on, ends_on in present:
        if absence_key(person_id, starts_on, ends_on) not in changed:
            yield person_id, starts_on, ends_on


def membership_key(span: MembershipSpan) -> str:
    """How `core.history` names a membership."""
    return f"{span.person_id}:{span.team_id}:{span.starts_on}"


def membership_facts(span: MembershipSpan) -> Facts:
    """What can change about a membership."""
    return {"ends_on": _text_of(span.ends_on), "is_lead": span.is_lead}


def spans_then(
    present: Iterable[MembershipSpan], changed: Mapping[str, Facts | None]
) -> Iterator[MembershipSpan]:
    """The memberships with those that changed since put back; later ones are left out."""
    for span in present:
        facts = changed.get(membership_key(span), {}) if changed else {}
        if facts:
            ends_on, is_lead = _day_of(facts["ends_on"]), bool(facts["is_lead"])
            yield span._replace(ends_on=ends_on, is_lead=is_lead)
        elif facts is not None:
            yield span


def may_sign_in(status: str, left_on: date | None, today: date) -> bool:
    """Suspended, left and erased people are strangers at every door (TRUST, matrix)."""
    return status == "active" and (left_on is None or today <= left_on)


def slug_of(name: str) -> str:
    """An address part from a name: ASCII lower case, digits and single hyphens; never empty."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:100] or "team"


def free_slug(name: str, taken: Iterable[str]) -> str:
    """`slug_of(name)`, with -2, -3, ... when that address is taken."""
    known = set(taken)
    base = slug_of(name)
    slug, number = base, 2
    while slug in known:
        slug, number = f"{base}-{number}", number + 1
    return slug


def manager_cycles(manager_of: Mapping[str, str | None]) -> frozenset[str]:
    """The keys that lie on a circle of managers (someone above themselves), in O(people)."""
    settled: set[str] = set()
    circle: set[str] = set()
    for start in manager_of:
        path: list[str] = []
        on_path: dict[str, int] = {}
        at: str | None = start
        while at is not None and at not in settled and at not in on_path:
            on_path[at] = len(path)
            path.append(at)
            at = manager_of.get(at)
        if at is not None and at in on_path:
            circle.update(path[on_path[at] :])
        settled.update(path)
    return frozenset(circle)


class BoardName(StrEnum):
    """How somebody wishes to be named on boards and wherever awards are read."""

    NAME = "name"
    ALIAS = "alias"
    NOT_LISTED = "not_listed"


def board_name(name: str, alias: str | None, *, opted_out: bool) -> str | None:
    """What others read of a person wherever people are ranked, thanked or scored; None: nothing.

    The one place that decides it (CONTESTS case 35): pages, documents, files and walls all ask
    here. Whoever gets None keeps their place as "not listed", and their team its total.
    """
    return None if opted_out else alias or name


def clean_alias(text: str) -> str | None:
    """A public alias: 2-40 letters, digits, space, hyphen, dot or apostrophe; None if not."""
    alias = " ".join(text.split())
    if not 2 <= len(alias) <= 40:
        return None
    if all(ch.isalnum() or ch in " -.'" for ch in alias) and any(ch.isalpha() for ch in alias):
        return alias
    return None


def pseudonym(person_id: int) -> str:
    """What an erased person is called from then on, wherever their row is still read."""
    return f"Former colleague {person_id}"


def erased_key(person_id: int) -> str:
    """The key of somebody whose own one told who they were."""
    return f"erased-{person_id}"


def erased_email(person_id: int) -> str:
    """An address nothing can be sent to (RFC 2606)."""
    return f"erased-{person_id}@erased.invalid"


def tells_who(key: str, *, email: str, name: str) -> bool:
    """Whether a key is no pseudonym: it is an address, or holds a part of the name."""
    low = key.casefold()
    parts = [part for part in re.split(r"[^\w]+", name.casefold()) if len(part) > 2]
    local = email.partition("@")[0].casefold()
    return "@" in low or low == local or any(part in low for part in parts)


def digest_of_name(way: str) -> str:
    """The hash of what files call somebody: `email:...`, `salesforce:...`, `key:...`."""
    return hashlib.sha256(f"forgotten {way.strip().casefold()}".encode()).hexdigest()
