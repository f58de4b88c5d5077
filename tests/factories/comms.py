"""Made-up tips, campaigns and issues; a test names what it needs."""

import itertools
from datetime import UTC, date, datetime, time, timedelta

from comms.models import Campaign, Issue, IssueRecipient, Tip
from tests.factories.people import writing

_numbers = itertools.count(1)


def _save(row):
    with writing() as session:
        session.add(row)
    return row


def make_tip(programme_row, **given) -> Tip:
    """A tip about nothing in particular, after those made before."""
    number = next(_numbers)
    values = {
        "programme_id": programme_row.id,
        "slug": f"tip-{number}",
        "subject": f"Tip {number}",
        "body": "Offer two dates, both this week.",
        "position": number,
    } | given
    return _save(Tip(**values))


def make_campaign(programme_row, **given) -> Campaign:
    """Every Tuesday at nine to everybody, from the programme's launch."""
    values = {
        "programme_id": programme_row.id,
        "slug": f"campaign-{next(_numbers)}",
        "day": 1,
        "at": time(9),
        "starts_on": programme_row.launch_on,
    } | given
    return _save(Campaign(**values))


def make_issue(campaign, day: date, **given) -> Issue:
    """An issue sent on its day."""
    moment = datetime.combine(day, time(14), UTC)
    values = {
        "campaign_id": campaign.id,
        "day": day,
        "due_at": moment,
        "sent_at": moment,
        "use_by": moment + timedelta(days=6),
    } | given
    return _save(Issue(**values))


def make_recipient(issue, person, **given) -> IssueRecipient:
    """The person was left out by an issue, or sent `tip`."""
    tip = given.pop("tip", None)
    values = {
        "issue_id": issue.id,
        "person_id": person.id,
        "outcome": "queued" if tip else "no_tip",
        "tip_id": tip.id if tip else None,
        "send_at": issue.sent_at if tip else None,
    } | given
    return _save(IssueRecipient(**values))
