"""What the sign-in lists of other systems have in common: a success is one usage event."""

from core.intake.kinds import Asked

USAGE = ("event_id", "person_id", "kind", "occurred_at", "source")


def sign_in(asked: Asked, source: str, event_id: str, who: str, at: str) -> dict[str, str]:
    """One sign-in as a usage row, of the kind the programme counts as a login."""
    return {
        "event_id": event_id[:200],
        "person_id": who,
        "kind": asked.login_kind,
        "occurred_at": at,
        "source": source,
    }
