"""Who writes, schedules and stops what we say (TRUST, group Tips of the matrix)."""

from comms.models import Campaign
from core.policy import Actor, Scope, scope_of


def may_write_tips(actor: Actor) -> bool:
    """Whether the actor may add a tip."""
    return scope_of(actor, "tip.draft") is not Scope.NONE


def may_schedule(actor: Actor) -> bool:
    """Whether the actor may start a campaign."""
    return scope_of(actor, "campaign.schedule") is not Scope.NONE


def may_stop(actor: Actor, campaign: Campaign) -> bool:
    """Whether the actor may stop this campaign: their own, or any with a wider right."""
    scope = scope_of(actor, "campaign.stop")
    if scope is Scope.OWN:
        return campaign.scheduled_by is not None and campaign.scheduled_by == actor.person_id
    return scope is not Scope.NONE


def may_see_reach(actor: Actor) -> bool:
    """Whether the actor may see how many people a campaign reaches and leaves out."""
    return scope_of(actor, "mail.delivery_aggregate") in {Scope.ALL, Scope.AGG, Scope.TREE}
