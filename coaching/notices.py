"""The letters of the weekly loop: the next step, the day it is looked at, a missed one, the number.

Only the rep's own letter and the author's hold words; a director's holds counts. Every letter has a
last moment of use, so that none tells of a day gone by.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from coaching.rules.calendars import Review, event_of
from core import icalendar
from core.icalendar import Method, Party
from core.letters import base_url, house, render_letter
from core.outbox import Letter, unsubscribe_token

LIST = "coaching"


@dataclass(frozen=True)
class Reader:
    """To whom a letter goes, in whose zone it tells the time."""

    person_id: int
    name: str
    zone: str

    @property
    def first_name(self) -> str:
        """What the letter calls its reader."""
        return self.name.split(maxsplit=1)[0] if self.name.split() else "there"


@dataclass(frozen=True)
class TalkWords:
    """A talk as letters speak of it. `deal` names the account, `moment` tells what was missed."""

    id: int
    uid: str
    rep: str
    author: str
    deal: str
    moment: str
    review_at: datetime
    review_on: date
    number: tuple[int, int]
    deputy_for: str | None = None


def _letter(
    template: str, reader: Reader, key: str, data: Mapping[str, object], use_by: datetime
) -> Letter:
    subject, text, page = render_letter(
        f"coaching/{template}",
        first_name=reader.first_name,
        zone=reader.zone,
        stop_token=unsubscribe_token(reader.person_id, LIST),
        **data,
    )
    return Letter(
        kind=f"coaching.{template}",
        list_name=LIST,
        person_id=reader.person_id,
        subject=subject,
        text=text,
        html=page,
        dedupe_key=key,
        use_by=use_by,
    )


def your_next_step(
    talk: TalkWords, reader: Reader, words: str, *, change: int, use_by: datetime
) -> Letter:
    """To the rep: the manager's words, the deal they are about, when both look at it.

    `change` sets a letter about changed words apart from the first.
    """
    key = f"coaching:{talk.id}:step:{change}"
    return _letter("your_next_step", reader, key, {"talk": talk, "words": words}, use_by)


def review_today(
    talk: TalkWords, reader: Reader, words: str, *, is_rep: bool, use_by: datetime
) -> Letter:
    """To rep and author, that morning; of no use the day after."""
    key = f"coaching:{talk.id}:today:{talk.review_on.isoformat()}:{reader.person_id}"
    data = {"talk": talk, "words": words, "is_rep": is_rep}
    return _letter("review_today", reader, key, data, use_by)


def review_missed(talk: TalkWords, reader: Reader, *, use_by: datetime) -> Letter:
    """To the manager: two working days went by, so it counts as missed; the rep is not blamed."""
    key = f"coaching:{talk.id}:missed:{reader.person_id}"
    return _letter("review_missed", reader, key, {"talk": talk}, use_by)


@dataclass(frozen=True)
class MissedCount:
    """How many reviews ran out in a week without their manager marking them."""

    manager: str
    missed: int


def reviews_missed(
    reader: Reader, week: date, counts: Sequence[MissedCount], *, use_by: datetime
) -> Letter:
    """To a director, once for a week: how many reviews each manager missed; no rep, no text."""
    key = f"coaching:missed_week:{week.isoformat()}:{reader.person_id}"
    total = sum(each.missed for each in counts)
    data = {"week": week, "counts": counts, "total": total}
    return _letter("reviews_missed", reader, key, data, use_by)


@dataclass(frozen=True)
class NumberWords:
    """A team's week as its letter tells it."""

    loop_id: int
    team: str
    on_time: int
    due: int
    missed: int
    first: date
    last: date
    is_complete: bool


def number_ready(
    number: NumberWords, reader: Reader, *, not_before: datetime, use_by: datetime
) -> Letter:
    """To the manager on the first working day: one number, one link, nobody's name."""
    key = f"coaching:number:{number.loop_id}:{reader.person_id}"
    letter = _letter("number_ready", reader, key, {"number": number}, use_by)
    return replace(letter, not_before=not_before)


def invitation(
    template: str, review: Review, method: Method, reader: Reader, *, email: str
) -> Letter:
    """To rep or author: the review for their calendar, and no word of what it is about.

    It answers what somebody just did, so it waits behind no cap; it is of no use once the time
    has come.
    """
    key = f"coaching:{review.uid}:calendar:{review.change}:{reader.person_id}"
    data = {
        "title": review.title,
        "review_at": review.starts_at,
        "path": review.path,
        "is_rep": review.rep is None,
    }
    letter = _letter(template, reader, key, data, review.starts_at)
    entry = icalendar.invitation(
        method,
        event_of(review, base_url()),
        organizer=house(),
        attendee=Party(reader.name, email),
    )
    return replace(letter, calendar=entry, important=True)
