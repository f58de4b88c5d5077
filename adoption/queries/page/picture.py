"""What the adoption page shows, read by key from the tables drawn at night."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

import people.queries
import programme.queries
from adoption.models import (
    ActiveDaysBucket,
    AdoptionGroup,
    AdoptionWeek,
    CohortPoint,
    LifecycleWeek,
    OwnDayShare,
    PictureMark,
    RepPicture,
    SeriesPoint,
    UsageMark,
)
from adoption.queries.days import rule_of
from adoption.rules import AdoptionRule, TeamAdoption, team_table
from adoption.rules.behind import Basis
from adoption.rules.forecast import Outlook
from core.calendars import DAY, WEEK_DAYS
from core.db import db
from core.stats import Share, growth, per
from programme.models import Programme, RuleVersion

WEEK = WEEK_DAYS * DAY
SHOWN_WEEKS = 8
SHOWN_COHORTS, SHOWN_MONTHS = 8, 12
# A launch cohort is looked at weekly while it is young, then every four weeks.
SHOWN_PERIODS = (0, 1, 2, 3, 4, 6, 8, 12, 16, 20, 24, 28, 36, 44, 52)
# A year of weeks is what the line holds; older ones are in the file.
LINE_WEEKS = 53
L28_DAYS = 28


@dataclass(frozen=True)
class Logins:
    """METRICS G2: logins in the first 28 dates and the last 28, raw and per available rep-day."""

    base: int
    now: int
    rep_days_base: int
    rep_days_now: int

    @property
    def growth(self) -> float | None:
        """Growth of the raw count."""
        return growth(self.base, self.now)

    @property
    def growth_per_rep_day(self) -> float | None:
        """Growth per available rep-day."""
        before, now = per(self.base, self.rep_days_base), per(self.now, self.rep_days_now)
        return None if before is None or now is None else growth(before, now)

    @property
    def times_rep_days(self) -> float | None:
        """How many times as many rep-days were enabled."""
        return per(self.rep_days_now, self.rep_days_base)


@dataclass(frozen=True)
class Picture:
    """The end of the drawn week in counts."""

    owner: Programme
    week: AdoptionWeek
    mark: PictureMark

    @property
    def through(self) -> date:
        """The last date counted."""
        return self.week.week_start + WEEK - DAY

    @property
    def share(self) -> Share:
        """METRICS A4."""
        week = self.week
        return Share(week.sustained, week.sustained + week.lapsed + week.trying + week.not_started)

    @property
    def here(self) -> int:
        """Reps employed and enabled."""
        return self.share.base + self.week.not_measurable

    @property
    def day60(self) -> Share:
        """METRICS A5."""
        return Share(self.mark.finished_sustained, self.mark.finished)

    @property
    def outlook(self) -> Outlook:
        """Where METRICS A5 will be when everybody who has started gets there."""
        mark = self.mark
        return Outlook(
            mark.finished,
            mark.finished_sustained,
            mark.under_way,
            mark.outlook_low,
            mark.outlook_middle,
            mark.outlook_high,
        )

    @property
    def logins(self) -> Logins:
        """METRICS G2."""
        mark = self.mark
        return Logins(mark.logins_base, mark.logins_now, mark.rep_days_base, mark.rep_days_now)

    @property
    def rule(self) -> AdoptionRule:
        """What the programme calls sustained."""
        return rule_of(self.owner)

    @property
    def year_ago(self) -> date:
        """The first week of the year that the line shows."""
        return self.week.week_start - (LINE_WEEKS - 1) * WEEK

    @property
    def day(self) -> int:
        """Which day of the programme the last date is, the launch being day 1."""
        return (self.through - self.owner.launch_on).days + 1


def current_programme() -> Programme | None:
    """The programme pages speak of."""
    return programme.queries.default()


def picture_of(owner: Programme) -> Picture | None:
    """The latest picture; None before the first complete week after the launch."""
    mark = db.session.get(PictureMark, owner.id)
    if mark is None or mark.drawn_week is None:
        return None
    if mark.drawn_week < programme.queries.calendar(owner).week_of(owner.launch_on):
        return None
    week = db.session.get(AdoptionWeek, (owner.id, mark.drawn_week))
    return None if week is None else Picture(owner, week, mark)


def latest_received_at(owner: Programme) -> datetime | None:
    """When the newest usage arrived, for saying how fresh the page is."""
    mark = db.session.get(UsageMark, owner.id)
    return None if mark is None else mark.latest_received_at


@dataclass(frozen=True)
class WeekUse:
    """METRICS U4 for a week: who was active, and who was the week before and is not any more."""

    week: date
    new: int
    kept: int
    back: int
    lapsed: int
    departed: int

    @property
    def active(self) -> int:
        """Everybody with a key action in the week."""
        return self.new + self.kept + self.back


def week_uses(owner: Programme, limit: int | None = SHOWN_WEEKS) -> list[WeekUse]:
    """The latest weeks by who was active, oldest first."""
    rows = db.session.scalars(
        select(LifecycleWeek)
        .where(LifecycleWeek.programme_id == owner.id)
        .order_by(LifecycleWeek.week_start.desc())
        .limit(limit)
    )
    return [
        WeekUse(
            row.week_start,
            row.new_reps,
            row.returning_reps,
            row.resurrecting_reps,
            row.dormant_reps,
            row.departed_reps,
        )
        for row in reversed(list(rows))
    ]


@dataclass(frozen=True)
class OwnDayPoint:
    """The share on one of the reps' own days."""

    day: int
    share: Share


def own_days(owner: Programme) -> list[OwnDayPoint]:
    """METRICS A5's way: the share by own day, of everybody who got there and was measurable."""
    mine = select(OwnDayShare).where(OwnDayShare.programme_id == owner.id)
    rows = db.session.scalars(mine.order_by(OwnDayShare.own_day))
    return [OwnDayPoint(row.own_day, Share(row.sustained, row.measurable)) for row in rows]


@dataclass(frozen=True)
class WeekShare:
    """METRICS A4 at a week's end, under one version of the rule."""

    version: int
    week: date
    share: Share


def series(owner: Programme, since: date | None = None) -> dict[int, list[WeekShare]]:
    """The lines of each version of the rule, weeks oldest first, from a week on."""
    statement = (
        select(SeriesPoint)
        .where(SeriesPoint.programme_id == owner.id)
        .order_by(SeriesPoint.rule_version, SeriesPoint.week_start)
    )
    if since is not None:
        statement = statement.where(SeriesPoint.week_start >= since)
    found: dict[int, list[WeekShare]] = defaultdict(list)
    for row in db.session.scalars(statement):
        share = Share(row.sustained, row.measurable)
        found[row.rule_version].append(WeekShare(row.rule_version, row.week_start, share))
    return dict(found)


def rule_versions(owner: Programme) -> tuple[RuleVersion, ...]:
    """What "sustained" meant, and since when."""
    return programme.queries.rule_versions(owner.id)


@dataclass(frozen=True)
class Cohort:
    """Reps who began together, and how many of those at risk were back, by period."""

    begun: date
    points: dict[int, Share]

    @property
    def size(self) -> int:
        """Everybody in it."""
        return self.points[0].base if 0 in self.points else 0


def cohorts(picture: Picture, basis: Basis, before: date | None = None) -> list[Cohort]:
    """The latest cohorts that began before a date, oldest first, as many as a page shows.

    Those of fewer than `min_group` reps are left out: a share of four people says nothing.
    """
    mine = (CohortPoint.programme_id == picture.owner.id, CohortPoint.basis == basis.value)
    begun = select(CohortPoint.cohort).where(
        *mine, CohortPoint.period == 0, CohortPoint.at_risk >= picture.owner.min_group
    )
    if before is not None:
        begun = begun.where(CohortPoint.cohort < before)
    count = SHOWN_COHORTS if basis is Basis.FIRST_USE else SHOWN_MONTHS
    shown = list(db.session.scalars(begun.order_by(CohortPoint.cohort.desc()).limit(count)))
    return _cohorts(picture.owner, basis, shown)


def all_cohorts(owner: Programme, basis: Basis) -> list[Cohort]:
    """Every cohort with every period, for taking along."""
    return _cohorts(owner, basis, None)


def _cohorts(owner: Programme, basis: Basis, shown: list[date] | None) -> list[Cohort]:
    mine = (CohortPoint.programme_id == owner.id, CohortPoint.basis == basis.value)
    statement = select(CohortPoint).where(*mine).order_by(CohortPoint.cohort, CohortPoint.period)
    if shown is not None:
        periods = range(SHOWN_COHORTS) if basis is Basis.FIRST_USE else SHOWN_PERIODS
        statement = statement.where(
            CohortPoint.cohort.in_(shown), CohortPoint.period.in_(list(periods))
        )
    found: dict[date, dict[int, Share]] = defaultdict(dict)
    for row in db.session.scalars(statement):
        found[row.cohort][row.period] = Share(row.back, row.at_risk)
    return [Cohort(begun, points) for begun, points in found.items()]


def groups(owner: Programme, basis: str) -> list[AdoptionGroup]:
    """Teams or channels at the end of the drawn week, by name."""
    mine = (AdoptionGroup.programme_id == owner.id, AdoptionGroup.basis == basis)
    return list(db.session.scalars(select(AdoptionGroup).where(*mine).order_by(AdoptionGroup.name)))


def team_rates(picture: Picture, rows: list[AdoptionGroup]) -> list[TeamAdoption]:
    """METRICS A6 over all teams: the ranked ones first, then the small ones by name."""
    shares = {row.name: Share(row.sustained, row.measurable) for row in rows}
    owner = picture.owner
    return team_table(shares, strength=owner.shrink_k, min_team=owner.min_team)


def active_days(owner: Programme) -> list[int]:
    """METRICS U6: how many current reps had 0, 1, ... 28 active days in the last 28."""
    counts = [0] * (L28_DAYS + 1)
    rows = db.session.scalars(
        select(ActiveDaysBucket).where(ActiveDaysBucket.programme_id == owner.id)
    )
    for row in rows:
        counts[row.active_days] = row.reps
    return counts


def teams_of(picture: Picture, person_ids: Collection[int]) -> frozenset[int | None]:
    """The teams of these people at the end of the drawn week."""
    mine = (
        RepPicture.programme_id == picture.owner.id,
        RepPicture.person_id.in_(sorted(person_ids)),
    )
    return frozenset(db.session.scalars(select(RepPicture.team_id).where(*mine).distinct()))


def leads_of(picture: Picture, team_ids: Collection[int | None]) -> dict[int, str]:
    """Who leads each of these teams on the last date counted."""
    wanted = [ident for ident in team_ids if ident is not None]
    rows = people.queries.teams(picture.through, wanted) if wanted else ()
    return {row.id: row.lead_name for row in rows if row.lead_name is not None}
