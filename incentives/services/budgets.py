"""A programme's prize budget: what is reserved and given never passes it (CONTESTS case 23)."""

from datetime import datetime

from core import audit, ledger
from core.errors import Invalid, NotAllowed
from core.policy import Actor, Role, require
from people import queries as people
from programme.models import Programme

MOST = 10**13


def budget_code(programme: Programme) -> str:
    """The account prizes are reserved on; without a budget set it gives without limit."""
    return f"prize-budget:{programme.id}:{programme.currency}"


def set_budget(
    programme: Programme, amount_minor: int, *, actor: Actor, second: Actor | None, now: datetime
) -> int:
    """Set all the money there is for prizes, in minor units; what is left of it then.

    It takes two people where there are two. Raises Conflict when more is reserved or given already.
    """
    require(actor, "budget.set")
    if not 0 <= amount_minor <= MOST:
        raise Invalid("A budget is a whole number of minor units.", field="amount")
    others = set(people.ids_with_role(Role.SALES_OPS, Role.EXECUTIVE)) - {actor.person_id}
    if others and not actor.is_system and (second is None or second.person_id not in others):
        raise NotAllowed(
            "Setting a budget takes two people.", fix="Name the second one, who may do it too."
        )
    code, source = budget_code(programme), f"prize-funds:{programme.id}:{programme.currency}"
    ledger.open_account(source, programme.currency, may_go_negative=True)
    ledger.open_account(code, programme.currency, may_go_negative=True)
    more = amount_minor + ledger.balance(source)
    if more:
        ledger.book(
            f"{code}:set:{now.isoformat()}:{amount_minor}",
            [(source, -more), (code, more)],
            memo=f"Prize budget of programme {programme.id}",
            now=now,
            actor=actor,
        )
    ledger.cap(code)
    audit.record(
        "budget.set",
        actor=actor,
        now=now,
        subject=f"programme:{programme.id}",
        detail={"amount": amount_minor, "second": second.person_id if second else None},
    )
    return ledger.spendable(code)
