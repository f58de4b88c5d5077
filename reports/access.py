"""Who reads what it was worth: the programme's one-pager is for ops, directors and executives."""

from core.policy import Actor, Scope, scope_of

ONE_PAGER = "export.programme_onepager"


def may_open_figures(actor: Actor) -> bool:
    """Whether the numbers may be opened to their figures, and from there to the rows behind."""
    return scope_of(actor, "dashboard.programme") is not Scope.NONE


def may_plan_tips(actor: Actor) -> bool:
    """Whether the reader could start an experiment with tips."""
    return scope_of(actor, "campaign.schedule") is not Scope.NONE
