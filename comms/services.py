"""The verbs of the comms room: write a tip, schedule and stop a campaign, send an issue, stop."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import programme.queries
import programme.services
from comms import notices, queries
from comms.models import Campaign, Issue, IssueRecipient, Tip
from comms.notices import CompiledTip, Reader, TipSource
from comms.queries import IssuePlan, PlannedLetter
from comms.rules import (
    ISSUE_KEEPS,
    Cadence,
    CampaignState,
    IssueSlot,
    Outcome,
    send_time,
    unknown_placeholders,
)
from core import audit, outbox
from core.db import bulk_insert, db, insert_missing_returning, lock_row, revise
from core.errors import Conflict, Invalid, NotFound
from core.policy import SYSTEM, Actor, Scope, require
from programme.models import Programme


@dataclass(frozen=True)
class TipSpec:
    """A tip as a playbook or a page writes it."""

    slug: str
    subject: str
    body: str
    about: str | None = None


@dataclass(frozen=True)
class CampaignSpec:
    """A campaign as a playbook or a page writes it; `day` counts Monday as 0."""

    slug: str
    day: int
    at: time
    cadence: str = Cadence.WEEKLY.value
    states: tuple[str, ...] = ()
    tips: tuple[str, ...] = ()
    holdout_percent: int = 0
    starts_on: date | None = None
    ends_on: date | None = None


def define_tips(
    programme_id: int, specs: Sequence[TipSpec], *, actor: Actor, now: datetime
) -> list[str]:
    """Create or update the tips of a playbook in its order; return what changed, in words.

    A tip a playbook no longer names is retired: who was sent it stays on record.
    """
    known = queries.tip_models(programme_id)
    changes = []
    for place, spec in enumerate(specs):
        _check_text(spec)
        values: dict[str, Any] = {
            "subject": spec.subject,
            "body": spec.body,
            "about": spec.about,
            "position": place,
            "retired_at": None,
        }
        tip = known.pop(spec.slug, None)
        if tip is None:
            db.session.add(Tip(programme_id=programme_id, slug=spec.slug, **values))
            changes.append(f"tip {spec.slug} added")
        elif revise(tip, values):
            changes.append(f"tip {spec.slug} changed")
    for left in known.values():
        if left.written_by is None and left.retired_at is None:
            left.retired_at = now
            changes.append(f"tip {left.slug} retired")
    db.session.flush()
    audit.record_changes(
        "tip.draft", changes, actor=actor, now=now, subject=f"programme:{programme_id}"
    )
    return changes


def _check_text(spec: TipSpec) -> None:
    for name, text in (("subject", spec.subject), ("body", spec.body)):
        strange = unknown_placeholders(text)
        if strange:
            raise Invalid(
                f"{{{strange[0]}}} cannot be filled in.",
                field=name,
                fix="Only {first_name} can stand in braces.",
            )
    if "\n" in spec.subject or "\r" in spec.subject:
        raise Invalid("A subject is one line.", field="subject")


def write_tip(programme_id: int, spec: TipSpec, *, actor: Actor, now: datetime) -> Tip:
    """Add one tip by hand, last in order. Raises Conflict when its name is taken."""
    require(actor, "tip.draft")
    _check_text(spec)
    known = queries.tip_models(programme_id)
    if spec.slug in known:
        raise Conflict(f"There is a tip {spec.slug} already.", field="slug")
    tip = Tip(
        programme_id=programme_id,
        slug=spec.slug,
        subject=spec.subject,
        body=spec.body,
        about=spec.about,
        position=len(known),
        written_by=actor.person_id,
    )
    db.session.add(tip)
    db.session.flush()
    added = [f"tip {spec.slug} added"]
    subject = f"programme:{programme_id}"
    audit.record_changes("tip.draft", added, actor=actor, now=now, subject=subject)
    return tip


def define_campaigns(
    programme_id: int, specs: Sequence[CampaignSpec], *, actor: Actor, now: datetime
) -> list[str]:
    """Create or update the campaigns of a playbook; raises Invalid for a tip it does not have.

    The share held back and the name stay as they are once an issue was sent: arms must not move.
    """
    owner = programme.queries.by_id(programme_id)
    known = queries.campaign_models(programme_id)
    slugs = set(queries.tip_models(programme_id))
    changes = []
    for spec in specs:
        strange = [slug for slug in spec.tips if slug not in slugs]
        if strange:
            raise Invalid(f"There is no tip {strange[0]}.", field="tips")
        campaign = known.get(spec.slug)
        values = _campaign_values(spec, owner)
        if campaign is None:
            campaign = Campaign(programme_id=programme_id, slug=spec.slug, **values)
            db.session.add(campaign)
            changes.append(f"campaign {spec.slug} added")
        else:
            _refuse_moved_arms(campaign, spec)
            if revise(campaign, values):
                changes.append(f"campaign {spec.slug} changed")
        _note_holdout(campaign, owner)
    db.session.flush()
    audit.record_changes(
        "campaign.schedule", changes, actor=actor, now=now, subject=f"programme:{programme_id}"
    )
    return changes


def _campaign_values(spec: CampaignSpec, owner: Programme) -> dict[str, Any]:
    return {
        "day": spec.day,
        "at": spec.at,
        "cadence": spec.cadence,
        "states": list(spec.states),
        "tips": list(spec.tips),
        "holdout_percent": spec.holdout_percent,
        "starts_on": spec.starts_on or owner.launch_on,
        "ends_on": spec.ends_on,
    }


def _note_holdout(campaign: Campaign, owner: Programme) -> None:
    """A campaign that holds somebody back is an experiment, until its end or its stop."""
    ends_on = campaign.ends_on
    if campaign.stopped_at is not None:
        stopped_on = queries.today_of(owner, campaign.stopped_at)
        ends_on = stopped_on if ends_on is None else min(ends_on, stopped_on)
    programme.services.record_holdout(
        owner.id, campaign.slug, campaign.holdout_percent, campaign.starts_on, ends_on
    )


def _refuse_moved_arms(campaign: Campaign, spec: CampaignSpec) -> None:
    if campaign.holdout_percent == spec.holdout_percent:
        return
    if queries.past_issues(campaign.programme_id, campaign.id, limit=1):
        raise Conflict(
            f"Campaign {spec.slug} has been sent: the share held back cannot change any more.",
            field="holdout_percent",
            fix="Stop it and start a new campaign under another name.",
        )


def schedule_campaign(
    programme_id: int, spec: CampaignSpec, *, actor: Actor, now: datetime
) -> Campaign:
    """Start a campaign from a page. Raises Conflict for a taken name, Invalid for a past day."""
    require(actor, "campaign.schedule")
    owner = programme.queries.by_id(programme_id)
    today = programme.queries.calendar(owner).local_day(now)
    if spec.slug in queries.campaign_models(programme_id):
        raise Conflict(f"There is a campaign {spec.slug} already.", field="slug")
    if spec.starts_on is None or spec.starts_on <= today:
        raise Invalid("A campaign starts tomorrow at the earliest.", field="starts_on")
    campaign = Campaign(
        programme_id=programme_id,
        slug=spec.slug,
        scheduled_by=actor.person_id,
        **_campaign_values(spec, owner),
    )
    db.session.add(campaign)
    db.session.flush()
    _note_holdout(campaign, owner)
    audit.record("campaign.schedule", actor=actor, now=now, subject=f"campaign:{campaign.id}")
    return campaign


def stop_campaign(campaign_id: int, *, actor: Actor, now: datetime) -> Campaign:
    """Stop a campaign for good; letters already queued are left to their readers' wishes."""
    scope = require(actor, "campaign.stop")
    campaign = lock_row(Campaign, campaign_id)
    if campaign is None:
        raise NotFound("There is no such campaign.")
    if scope is Scope.OWN and campaign.scheduled_by != actor.person_id:
        raise NotFound("There is no such campaign.")
    if campaign.state == CampaignState.STOPPED:
        raise Conflict("This campaign is stopped already.")
    campaign.state, campaign.stopped_at = CampaignState.STOPPED.value, now
    _note_holdout(campaign, programme.queries.by_id(campaign.programme_id))
    audit.record("campaign.stop", actor=actor, now=now, subject=f"campaign:{campaign.id}")
    return campaign


def due_instants(after: datetime, until: datetime) -> list[datetime]:
    """When issues of running campaigns fall due in (after, until], oldest first."""
    found: set[datetime] = set()
    for campaign in queries.active_campaigns():
        owner = programme.queries.by_id(campaign.programme_id)
        slots = queries.rhythm(campaign, owner).slots(after, until)
        found.update(slot.due_at for slot in slots)
    return sorted(found)


def send_due_issues(as_of: datetime) -> dict[str, int]:
    """Send each running campaign's newest issue due by `as_of`, unless it was sent before.

    After a long silence that is one issue, not one for every week missed (TRUST 4.1).
    """
    totals = {"issues": 0, "letters": 0}
    for campaign in queries.active_campaigns():
        owner = programme.queries.by_id(campaign.programme_id)
        slot = queries.rhythm(campaign, owner).newest(as_of)
        if slot is None or queries.issue_on(campaign.id, slot.day) is not None:
            continue
        letters = send_issue(campaign, owner, slot, as_of)
        if letters is not None:
            totals["issues"] += 1
            totals["letters"] += letters
    return totals


def send_issue(
    campaign: Campaign, owner: Programme, slot: IssueSlot, as_of: datetime
) -> int | None:
    """Write the issue, every person's outcome and the letters; None when another process has it."""
    use_by = slot.due_at + ISSUE_KEEPS
    issue_id = _open_issue(campaign, slot, as_of, use_by)
    if issue_id is None:
        return None
    plan = queries.plan_issue(campaign, owner, slot.day, as_of)
    times = {
        letter.person_id: _when(letter, campaign, slot, as_of)
        for letter in plan.letters
        if letter.outcome is Outcome.QUEUED
    }
    bulk_insert(IssueRecipient, _recipient_rows(issue_id, plan, times))
    posted = outbox.post_all(_letters(issue_id, plan, campaign, owner, times, use_by), as_of)
    audit.record(
        "campaign.send_issue",
        actor=SYSTEM,
        now=as_of,
        subject=f"issue:{issue_id}",
        detail={str(outcome): number for outcome, number in plan.counts.items()},
    )
    return posted


def _open_issue(
    campaign: Campaign, slot: IssueSlot, as_of: datetime, use_by: datetime
) -> int | None:
    row = {
        "campaign_id": campaign.id,
        "day": slot.day,
        "due_at": slot.due_at,
        "sent_at": as_of,
        "use_by": use_by,
    }
    new = insert_missing_returning(Issue, [row], ["campaign_id", "day"], ["id"])
    return int(new[0].id) if new else None


def _when(letter: PlannedLetter, campaign: Campaign, slot: IssueSlot, as_of: datetime) -> datetime:
    zone, quiet = letter.zone, letter.quiet
    if zone is None or quiet is None:
        return as_of
    return send_time(slot.day, campaign.at, zone, as_of, quiet)


def _recipient_rows(
    issue_id: int, plan: IssuePlan, times: Mapping[int, datetime]
) -> list[dict[str, object]]:
    return [
        {
            "issue_id": issue_id,
            "person_id": letter.person_id,
            "outcome": letter.outcome.value,
            "tip_id": letter.tip_id,
            "send_at": times.get(letter.person_id),
        }
        for letter in plan.letters
    ]


def _letters(
    issue_id: int,
    plan: IssuePlan,
    campaign: Campaign,
    owner: Programme,
    times: Mapping[int, datetime],
    use_by: datetime,
) -> list[outbox.Letter]:
    compiled = _compiled(campaign, owner)
    return [
        notices.tip_letter(
            compiled[letter.tip_id],
            Reader(letter.person_id, letter.name),
            key=f"tip:{issue_id}:{letter.person_id}",
            not_before=times[letter.person_id],
            use_by=use_by,
        )
        for letter in plan.letters
        if letter.outcome is Outcome.QUEUED and letter.tip_id is not None
    ]


def _compiled(campaign: Campaign, owner: Programme) -> dict[int, CompiledTip]:
    return {
        tip.id: notices.compile_tip(TipSource(tip.subject, tip.body, owner.name, campaign.cadence))
        for tip in queries.campaign_tips(campaign)
    }


def send_test(
    programme_id: int, slug: str, reader: Reader, *, actor: Actor, now: datetime
) -> outbox.Letter:
    """Send a tip to oneself, as its readers would see it. Raises NotFound."""
    require(actor, "campaign.test_send")
    tip = queries.tip_by_slug(programme_id, slug)
    if tip is None:
        raise NotFound(f"There is no tip {slug}.")
    owner = programme.queries.by_id(programme_id)
    source = TipSource(tip.subject, tip.body, owner.name, Cadence.WEEKLY.value)
    letter = notices.tip_letter(
        notices.compile_tip(source),
        reader,
        key=f"tip-test:{tip.id}:{reader.person_id}:{now.isoformat()}",
        not_before=now,
        use_by=now + ISSUE_KEEPS,
    )
    outbox.post(letter, now)
    return letter


def read_stop(token: str) -> tuple[int, str, bool]:
    """Person, list and whether it is stopped already. Raises NotFound for a foreign link."""
    person_id, list_name = outbox.read_unsubscribe_token(token)
    return person_id, list_name, list_name in outbox.suppressed_lists(person_id)


def stop_list(token: str, now: datetime) -> tuple[int, str]:
    """Stop the list a signed link names for the person it names; saying it again changes nothing.

    Raises NotFound for a link that is not ours.
    """
    person_id, list_name = outbox.read_unsubscribe_token(token)
    if outbox.suppress(person_id, list_name, reason="one click", now=now):
        audit.record(
            "me.unsubscribe_link",
            actor=SYSTEM,
            now=now,
            subject=f"person:{person_id}",
            detail={"list": list_name},
        )
    return person_id, list_name


def resume_list(token: str, now: datetime) -> tuple[int, str]:
    """Undo a stop made by mistake, by the same signed link."""
    person_id, list_name = outbox.read_unsubscribe_token(token)
    if list_name in outbox.suppressed_lists(person_id):
        outbox.resume(person_id, list_name)
        audit.record(
            "me.mail_prefs",
            actor=SYSTEM,
            now=now,
            subject=f"person:{person_id}",
            detail={"list": list_name, "wanted": True},
        )
    return person_id, list_name
