"""The letters of the people room: an erasure waits for a second person."""

from datetime import datetime

from core.letters import render_letter
from core.outbox import Letter
from people.queries import PersonCard


def erasure_asked(reader: PersonCard, person_id: int, asked_at: datetime) -> Letter:
    """To another administrator; it names nobody, for it would outlive the name."""
    first_name = reader.name.split(maxsplit=1)[0] if reader.name.split() else "there"
    subject, text, page = render_letter("people/erasure_asked", first_name=first_name)
    return Letter(
        kind="people.erasure_asked",
        list_name="security",
        person_id=reader.id,
        subject=subject,
        text=text,
        html=page,
        dedupe_key=f"erasure:{person_id}:{asked_at:%Y%m%d%H%M%S}:{reader.id}",
    )
