"""Machines' keys: made once, shown once, kept as prefix and hash, revoked at once."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from core import audit
from core.db import db
from core.errors import Invalid, NotFound
from core.policy import Actor
from people import queries
from people.models import ApiToken
from people.services.entry import hash_of

SCOPES = ("usage:write", "training:write", "people:write", "figures:read")
LONGEST_DAYS = 400


def create_token(
    name: str, scopes: Sequence[str], *, days: int, actor: Actor, now: datetime
) -> str:
    """Make a token and return it: this is the only time it can be read. Raises Invalid."""
    clean = " ".join(name.split())
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise Invalid(
            f"There is no scope {unknown[0]}." if unknown else "A token needs a scope.",
            field="scope",
            fix=f"Scopes: {', '.join(SCOPES)}.",
        )
    if not 1 <= days <= LONGEST_DAYS:
        raise Invalid(f"A token lasts 1 to {LONGEST_DAYS} days.", field="days")
    if not clean or len(clean) > 120 or not clean.isprintable():
        raise Invalid("A token needs a name of 1 to 120 characters.", field="name")
    prefix = f"pnt_{secrets.token_hex(4)}"
    raw = f"{prefix}_{secrets.token_urlsafe(32)}"
    token = ApiToken(
        name=clean,
        prefix=prefix,
        token_hash=hash_of(raw),
        scopes=" ".join(sorted(set(scopes))),
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    db.session.add(token)
    db.session.flush()
    audit.record(
        "auth.token_create_service",
        actor=actor,
        now=now,
        subject=f"token:{token.id}",
        detail={"scopes": token.scopes, "days": days},
    )
    return raw


def revoke_token(prefix: str, *, actor: Actor, now: datetime) -> None:
    """End a token at once, named by its prefix. Raises NotFound."""
    token = queries.token_by_prefix(prefix)
    if token is None:
        raise NotFound("There is no token with this prefix.")
    token.revoked_at = token.revoked_at or now
    audit.record("auth.token_revoke", actor=actor, now=now, subject=f"token:{token.id}")
