"""What the comms room declares: playbook parts; and its commands."""

from collections.abc import Sequence

import click

from comms import services
from comms.forms import CampaignPlan, TipPlan, campaigns_part, tips_part
from comms.services import CampaignSpec, TipSpec
from core import clock
from core.db import transaction
from core.doors import terminal
from core.playbook import Apply, PlaybookPart


def _apply_tips(run: Apply, plans: Sequence[TipPlan]) -> Sequence[str]:
    specs = [TipSpec(plan.slug, plan.subject, plan.body, plan.about) for plan in plans]
    return services.define_tips(run.programme_id, specs, actor=run.actor, now=run.now)


def campaign_spec(plan: CampaignPlan) -> CampaignSpec:
    """What was read, as the service takes it."""
    return CampaignSpec(
        slug=plan.slug,
        day=plan.day,
        at=plan.at,
        cadence=plan.cadence,
        states=plan.states,
        tips=plan.tips,
        holdout_percent=plan.holdout_percent,
        starts_on=plan.starts_on,
        ends_on=plan.ends_on,
    )


def _apply_campaigns(run: Apply, plans: Sequence[CampaignPlan]) -> Sequence[str]:
    specs = [campaign_spec(plan) for plan in plans]
    return services.define_campaigns(run.programme_id, specs, actor=run.actor, now=run.now)


PLAYBOOK_PARTS = (
    PlaybookPart("tips", 50, tips_part, _apply_tips),
    PlaybookPart("campaigns", 60, campaigns_part, _apply_campaigns),
)


@click.group("tips")
def tips_group() -> None:
    """Tips and the campaigns that send them."""


@tips_group.command("send-due")
@terminal.friendly
def send_due_command() -> None:
    """Send every issue due now, as the job does."""
    with transaction():
        counts = services.send_due_issues(clock.now())
    click.echo(f"{counts['issues']} issues, {counts['letters']} letters")


COMMANDS = (tips_group,)
