"""Whether letters leave the house: captured until armed on this very installation (TRUST M7)."""

import hashlib
import hmac
from datetime import datetime

from core import audit
from core.db import db
from core.errors import Conflict
from core.outbox.tables import MailSwitch
from core.policy import Actor
from core.settings import settings


def fingerprint() -> str:
    """Return what identifies this installation; a restored or cloned one has another."""
    config = settings()
    parts = f"{config.base_url}\n{config.database_url}\n{config.mail_url}\n{config.secret_key}"
    return hashlib.sha256(parts.encode()).hexdigest()


def _switch() -> MailSwitch | None:
    """Return the switch if it was set on this very installation."""
    switch = db.session.get(MailSwitch, 1)
    if switch is None or not hmac.compare_digest(switch.fingerprint, fingerprint()):
        return None
    return switch


def is_armed() -> bool:
    """Say whether letters leave the house: armed here, and a mail server is set."""
    if not settings().mail_url:
        return False
    switch = _switch()
    return switch is not None and switch.armed_at is not None


def arming_asked_by() -> int | None:
    """Return the admin who asked to arm mail and waits for a second one, or None."""
    switch = _switch()
    return switch.asked_by if switch is not None and switch.armed_at is None else None


def arm(*, actor: Actor, now: datetime, admins: int = 1) -> bool:
    """Let letters leave; with several admins the second one's word counts (TRUST section 5).

    Returns whether mail is armed now. Raises Conflict when no mail server is set.
    """
    if not settings().mail_url:
        msg = "No mail server is set."
        raise Conflict(msg, fix="Set PENNANT_MAIL_URL and start again.")
    asked_by = arming_asked_by()
    is_second = asked_by is not None and asked_by != actor.person_id
    armed = admins <= 1 or is_second
    _forget_switch()
    db.session.add(
        MailSwitch(
            id=1,
            fingerprint=fingerprint(),
            asked_by=asked_by if is_second else actor.person_id,
            armed_at=now if armed else None,
        )
    )
    action = "mail.arm_live" if armed else "mail.arm_asked"
    audit.record(action, actor=actor, now=now, subject="mail:1")
    return armed


def _forget_switch() -> bool:
    switch = db.session.get(MailSwitch, 1, with_for_update=True)
    if switch is None:
        return False
    db.session.delete(switch)
    db.session.flush()
    return True


def disarm(*, actor: Actor, now: datetime) -> None:
    """Capture every letter from now on."""
    if _forget_switch():
        audit.record("mail.disarm", actor=actor, now=now, subject="mail:1")
