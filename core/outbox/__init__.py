"""The one road out: letters are rows, written in the transaction of what they tell (TRUST M, 5)."""

from core.letters import render_letter
from core.outbox.arming import arm, arming_asked_by, disarm, is_armed
from core.outbox.delivery import OutboundMail, claim, reap, resolve, settle
from core.outbox.forgetting import forget_reader
from core.outbox.quiet import end_of_quiet
from core.outbox.reading import (
    counts_by_state,
    first_due,
    letter,
    letters,
    states_by_dedupe,
    waiting_count,
)
from core.outbox.tables import (
    DELIVERED,
    LISTS,
    PRIORITY,
    WAITING,
    Letter,
    LetterState,
    MailSwitch,
    OutboxLetter,
    Recipient,
    Suppression,
)
from core.outbox.wishes import (
    read_unsubscribe_token,
    resume,
    suppress,
    suppressed_lists,
    suppressed_people,
    unsubscribe_token,
)
from core.outbox.writing import post, post_all

__all__ = [
    "DELIVERED",
    "LISTS",
    "PRIORITY",
    "WAITING",
    "Letter",
    "LetterState",
    "MailSwitch",
    "OutboundMail",
    "OutboxLetter",
    "Recipient",
    "Suppression",
    "arm",
    "arming_asked_by",
    "claim",
    "counts_by_state",
    "disarm",
    "end_of_quiet",
    "first_due",
    "forget_reader",
    "is_armed",
    "letter",
    "letters",
    "post",
    "post_all",
    "read_unsubscribe_token",
    "reap",
    "render_letter",
    "resolve",
    "resume",
    "settle",
    "states_by_dedupe",
    "suppress",
    "suppressed_lists",
    "suppressed_people",
    "unsubscribe_token",
    "waiting_count",
]
