"""Every SELECT of the comms room: tips, campaigns, issues, and who is to hear what."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

import adoption.queries
import people.queries
import programme.queries
from comms.models import Campaign, Issue, IssueRecipient, Tip
from comms.rules import (
    REST,
    Cadence,
    Candidate,
    Outcome,
    Rhythm,
    TipFact,
    in_audience,
    may_send,
    next_tip,
)
from core.calendars import DAY, zone_of
from core.db import db
from core.outbox import Recipient, suppressed_people
from people.rules import PersonCalendar
from programme.models import Programme

CHUNK = 5000
T = TypeVar("T")


def _chunks(values: Collection[T]) -> Iterator[list[T]]:
    items = list(values)
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]


def tips(programme_id: int) -> list[Tip]:
    """The programme's tips in their order, retired ones last."""
    return list(
        db.session.scalars(
            select(Tip)
            .where(Tip.programme_id == programme_id)
            .order_by(Tip.retired_at.is_not(None), Tip.position, Tip.slug)
        )
    )


def tip_models(programme_id: int) -> dict[str, Tip]:
    """Tip rows by slug, for changing."""
    return {tip.slug: tip for tip in tips(programme_id)}


def tip_by_slug(programme_id: int, slug: str) -> Tip | None:
    """One tip, or None."""
    return db.session.scalar(select(Tip).where(Tip.programme_id == programme_id, Tip.slug == slug))


def campaigns(programme_id: int) -> list[Campaign]:
    """The programme's campaigns by slug, running ones first."""
    return list(
        db.session.scalars(
            select(Campaign)
            .where(Campaign.programme_id == programme_id)
            .order_by(Campaign.state, Campaign.slug)
        )
    )


def campaign_models(programme_id: int) -> dict[str, Campaign]:
    """Campaign rows by slug, for changing."""
    return {campaign.slug: campaign for campaign in campaigns(programme_id)}


def active_campaigns() -> list[Campaign]:
    """Every running campaign of every programme, in a fixed order."""
    return list(
        db.session.scalars(select(Campaign).where(Campaign.state == "active").order_by(Campaign.id))
    )


def campaign_by_slug(slug: str, programme_id: int | None = None) -> Campaign | None:
    """The campaign of this name: in the programme given, else the oldest of that name."""
    query = select(Campaign).where(Campaign.slug == slug).order_by(Campaign.id).limit(1)
    if programme_id is not None:
        query = query.where(Campaign.programme_id == programme_id)
    return db.session.scalar(query)


def rhythm(campaign: Campaign, owner: Programme) -> Rhythm:
    """When a campaign speaks, in the programme's zone."""
    return Rhythm(
        weekday=campaign.day,
        at=campaign.at,
        zone=zone_of(owner.time_zone),
        starts_on=campaign.starts_on,
        ends_on=campaign.ends_on,
        cadence=Cadence(campaign.cadence),
    )


def campaign_tips(campaign: Campaign) -> list[Tip]:
    """The tips a campaign may send, in order: its own list, or all of the programme's."""
    alive = [tip for tip in tips(campaign.programme_id) if tip.retired_at is None]
    if not campaign.tips:
        return alive
    place = {slug: number for number, slug in enumerate(campaign.tips)}
    chosen = [tip for tip in alive if tip.slug in place]
    return sorted(chosen, key=lambda tip: place[tip.slug])


def issue_on(campaign_id: int, day: date) -> Issue | None:
    """The issue of a campaign on a day, if it was sent."""
    return db.session.scalar(
        select(Issue).where(Issue.campaign_id == campaign_id, Issue.day == day)
    )


def audience(campaign: Campaign, owner: Programme, through: date) -> dict[int, str]:
    """Person id -> adoption state at the end of `through`, for those the campaign asks for."""
    states = adoption.queries.states_on(owner.id, through)
    members = programme.queries.members(owner.id)
    return {
        person_id: state.value
        for person_id, state in sorted(states.items())
        if person_id in members and in_audience(state.value, campaign.states)
    }


def sent_tips(person_ids: Collection[int]) -> dict[int, set[int]]:
    """Tips each person was ever sent."""
    found: dict[int, set[int]] = defaultdict(set)
    for some in _chunks(person_ids):
        rows = db.session.execute(
            select(IssueRecipient.person_id, IssueRecipient.tip_id).where(
                IssueRecipient.person_id.in_(some),
                IssueRecipient.outcome == Outcome.QUEUED,
            )
        )
        for person_id, tip_id in rows:
            found[person_id].add(tip_id or 0)
    return found


def lately_sent(as_of: datetime) -> dict[int, int]:
    """How many tips each person was sent so lately that they are left alone now."""
    rows = db.session.execute(
        select(IssueRecipient.person_id, func.count())
        .join(Issue, Issue.id == IssueRecipient.issue_id)
        .where(
            Issue.sent_at > as_of - REST,
            Issue.sent_at <= as_of,
            IssueRecipient.outcome == Outcome.QUEUED,
        )
        .group_by(IssueRecipient.person_id)
    )
    return {person_id: count for person_id, count in rows}  # noqa: C416 - rows are not plain pairs


@dataclass(frozen=True)
class PlannedLetter:
    """What an issue would do for one person."""

    person_id: int
    name: str
    outcome: Outcome
    tip_id: int | None = None
    zone: ZoneInfo | None = None
    quiet: tuple[time, time] | None = None


@dataclass(frozen=True)
class IssuePlan:
    """What an issue does for its whole audience, worked out without writing anything."""

    day: date
    letters: tuple[PlannedLetter, ...]
    counts: Mapping[Outcome, int] = field(default_factory=dict)

    @property
    def reach(self) -> int:
        """How many get a letter."""
        return self.counts.get(Outcome.QUEUED, 0)

    @property
    def left_out(self) -> int:
        """How many of the audience do not, for whatever reason."""
        return sum(self.counts.values()) - self.reach


def plan_issue(
    campaign: Campaign,
    owner: Programme,
    day: date,
    as_of: datetime,
    known_on: date | None = None,
) -> IssuePlan:
    """Choose a tip for everybody the campaign asks for, or note the reason why they get none.

    `day` is the issue's date, `as_of` the moment of sending. What people did counts up to the eve
    of `known_on` (the issue's date unless given), because the day itself is not over.
    """
    eve = (known_on or day) - DAY
    asked = audience(campaign, owner, eve)
    ids = list(asked)
    known = _Known(
        recipients=people.queries.recipients(ids),
        keys=people.queries.keys_of(ids),
        lives=people.queries.calendars(ids),
        done=adoption.queries.kinds_done(owner.id, ids, eve),
        sent=sent_tips(ids),
        lately=lately_sent(as_of),
        stopped=suppressed_people("tips"),
        tips=[TipFact(tip.id, tip.slug, tip.about) for tip in campaign_tips(campaign)],
        zone=zone_of(owner.time_zone),
    )
    letters = tuple(known.decide(person_id, campaign, day) for person_id in ids)
    counts = {
        outcome: number
        for outcome in Outcome
        if (number := sum(letter.outcome is outcome for letter in letters))
    }
    return IssuePlan(day, letters, counts)


@dataclass(frozen=True)
class _Known:
    """Everything one issue's decisions need, fetched set-wise."""

    recipients: Mapping[int, Recipient]
    keys: Mapping[int, str]
    lives: Mapping[int, PersonCalendar]
    done: Mapping[int, Collection[str]]
    sent: Mapping[int, Collection[int]]
    lately: Mapping[int, int]
    stopped: Collection[int]
    tips: Sequence[TipFact]
    zone: ZoneInfo

    def decide(self, person_id: int, campaign: Campaign, day: date) -> PlannedLetter:
        """One person's outcome."""
        who, life = self.recipients[person_id], self.lives[person_id]
        tip = next_tip(self.tips, self.done.get(person_id, ()), self.sent.get(person_id, ()))
        candidate = Candidate(
            person_id,
            self.keys[person_id],
            is_active=who.is_active and life.is_employed(day),
            is_opted_out=person_id in self.stopped,
            is_away=life.is_absent(day),
            recent_tips=self.lately.get(person_id, 0),
        )
        outcome = may_send(candidate, tip, campaign.slug, campaign.holdout_percent)
        has_tip = outcome in {Outcome.QUEUED, Outcome.HELD_BACK} and tip is not None
        return PlannedLetter(
            person_id,
            who.name,
            outcome,
            tip.id if has_tip and tip is not None else None,
            zone_of(who.time_zone) if who.time_zone else self.zone,
            (who.quiet_from, who.quiet_until),
        )


@dataclass(frozen=True)
class IssueRow:
    """A past issue and what it did."""

    id: int
    campaign_slug: str
    day: date
    sent_at: datetime
    counts: Mapping[Outcome, int]

    @property
    def sent(self) -> int:
        """How many letters it queued."""
        return self.counts.get(Outcome.QUEUED, 0)


def past_issues(
    programme_id: int, campaign_id: int | None = None, limit: int = 10
) -> list[IssueRow]:
    """The newest issues with their counts by outcome."""
    query = (
        select(Issue.id, Campaign.slug, Issue.day, Issue.sent_at)
        .join(Campaign, Campaign.id == Issue.campaign_id)
        .where(Campaign.programme_id == programme_id)
        .order_by(Issue.day.desc(), Issue.id.desc())
        .limit(limit)
    )
    if campaign_id is not None:
        query = query.where(Campaign.id == campaign_id)
    found = db.session.execute(query).all()
    counts: dict[int, dict[Outcome, int]] = defaultdict(dict)
    rows = db.session.execute(
        select(IssueRecipient.issue_id, IssueRecipient.outcome, func.count())
        .where(IssueRecipient.issue_id.in_([row.id for row in found]))
        .group_by(IssueRecipient.issue_id, IssueRecipient.outcome)
    )
    for issue_id, outcome, number in rows:
        counts[issue_id][Outcome(outcome)] = number
    return [
        IssueRow(
            row.id,
            row.slug,
            row.day,
            row.sent_at,
            {outcome: counts[row.id][outcome] for outcome in Outcome if outcome in counts[row.id]},
        )
        for row in found
    ]


def times_sent(programme_id: int) -> dict[int, int]:
    """How many people were sent each tip."""
    rows = db.session.execute(
        select(IssueRecipient.tip_id, func.count())
        .join(Tip, Tip.id == IssueRecipient.tip_id)
        .where(Tip.programme_id == programme_id, IssueRecipient.outcome == Outcome.QUEUED)
        .group_by(IssueRecipient.tip_id)
    )
    return {tip_id: count for tip_id, count in rows if tip_id is not None}


@dataclass(frozen=True)
class OwnTip:
    """The newest tip a person was sent."""

    subject: str
    body: str
    slug: str
    day: date
    send_at: datetime


def newest_tip(person_id: int, as_of: datetime) -> OwnTip | None:
    """The last tip whose hour has come for this person, or None."""
    row = db.session.execute(
        select(Tip.subject, Tip.body, Tip.slug, Issue.day, IssueRecipient.send_at)
        .join(IssueRecipient, IssueRecipient.tip_id == Tip.id)
        .join(Issue, Issue.id == IssueRecipient.issue_id)
        .where(
            IssueRecipient.person_id == person_id,
            IssueRecipient.outcome == Outcome.QUEUED,
            IssueRecipient.send_at <= as_of,
        )
        .order_by(IssueRecipient.send_at.desc(), IssueRecipient.id.desc())
        .limit(1)
    ).first()
    return OwnTip(row.subject, row.body, row.slug, row.day, row.send_at) if row else None


def current_programme() -> Programme | None:
    """The programme pages speak of."""
    return programme.queries.default()


def today_of(owner: Programme, as_of: datetime) -> date:
    """The programme's local date of an instant."""
    return programme.queries.calendar(owner).local_day(as_of)


@dataclass(frozen=True)
class NextIssue:
    """A campaign's next issue, with what it would do if it went out with what is known now."""

    campaign: Campaign
    due_at: datetime
    plan: IssuePlan


def next_issue(campaign: Campaign, owner: Programme, as_of: datetime) -> NextIssue | None:
    """The issue that comes next, planned from today's facts; None when there is none."""
    if campaign.state != "active":
        return None
    slot = rhythm(campaign, owner).following(as_of)
    if slot is None:
        return None
    eve = min(slot.day, today_of(owner, as_of))
    plan = plan_issue(campaign, owner, slot.day, slot.due_at, known_on=eve)
    return NextIssue(campaign, slot.due_at, plan)


def upcoming(owner: Programme, as_of: datetime) -> list[NextIssue]:
    """The next issue of each running campaign, the soonest first."""
    found = [next_issue(campaign, owner, as_of) for campaign in campaigns(owner.id)]
    return sorted((each for each in found if each is not None), key=lambda each: each.due_at)
