"""How well a team's weekly coaching loop was kept, as far as a race asks (CONTESTS case 20 b).

The room above writes down kept and skipped weeks only; outages and excused weeks are not there, so
they speak neither for nor against anybody.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import NamedTuple

from core.calendars import WEEK_DAYS, ProgrammeCalendar

DAY = timedelta(days=1)
WEEK = WEEK_DAYS * DAY


class Kept(NamedTuple):
    """Weeks whose loop was kept, of those that asked for one."""

    kept: int
    asked: int

    @property
    def share(self) -> Fraction | None:
        """The exact share; None where no week asked."""
        return Fraction(self.kept, self.asked) if self.asked else None


def weeks_inside(
    calendar: ProgrammeCalendar, starts_on: date, ends_on: date, known_at: datetime
) -> tuple[date, ...]:
    """The weeks that lie wholly in [starts_on, ends_on) and had ended a day before an instant.

    A week is decided in the hours after its end; asking for a day more makes every later look at
    the same instant see the same weeks.
    """
    first = calendar.week_of(starts_on)
    week = first if first >= starts_on else first + WEEK
    found = []
    while week + WEEK <= ends_on and calendar.day_start(week + WEEK + DAY) <= known_at:
        found.append(week)
        week += WEEK
    return tuple(found)


def counted(weeks: Iterable[tuple[int, bool]]) -> dict[int, Kept]:
    """(whose, kept) of single weeks as counts."""
    found: dict[int, Kept] = {}
    for ident, is_kept in weeks:
        kept, asked = found.get(ident, (0, 0))
        found[ident] = Kept(kept + is_kept, asked + 1)
    return found


def disciplines(counts: Mapping[int, Kept], unit_ids: Collection[int]) -> dict[int, Fraction]:
    """Each unit's kept share; one that no week asked of stands at the share of all together.

    So an outage or a holiday neither wins nor loses a tie.
    """
    mine = {ident: counts[ident] for ident in unit_ids if ident in counts}
    asked = sum(each.asked for each in mine.values())
    if not asked:
        return {}
    together = Fraction(sum(each.kept for each in mine.values()), asked)
    shares = {ident: each.share for ident, each in mine.items()}
    return {
        ident: together if (share := shares.get(ident)) is None else share for ident in unit_ids
    }


def keeps_enough(kept: Kept, least: Fraction) -> bool:
    """Whether somebody kept at least this share; nothing asked is nothing skipped."""
    share = kept.share
    return share is None or share >= least
