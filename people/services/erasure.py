"""What else goes when somebody was erased (TRUST P3): all that leads from outside back to them."""

from core.db import delete_where
from core.planning import is_among
from people import queries
from people.models import Account, AuthSession, ExternalId, PersonalLink, Preference

# Their row stays, for books and counts refer to it; these would tell whose it was, or let them in.
LEADS_BACK = (ExternalId, AuthSession, Account, PersonalLink, Preference)


def forget_erased() -> int:
    """Delete what leads back to erased people; how many rows. A repeated run finds none.

    The nightly job asks, so it also holds after a backup from before an erasure was restored.
    """
    erased = queries.erased_people()
    if not erased:
        return 0
    return sum(delete_where(table, is_among(table.person_id, erased)) for table in LEADS_BACK)
