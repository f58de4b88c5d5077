"""The verbs of the people room: take in the directory, let people in and out, keep their wishes."""

from people.services.absences import load_absences
from people.services.changes import end_sessions_of, note_changes
from people.services.directory import load_people
from people.services.entry import (
    check_password,
    close_session,
    count_attempt,
    hash_of,
    load_actor_for_token,
    open_session,
    prune_sign_ins,
    see_session,
    session_actor,
    set_password,
    signed_in,
)
from people.services.erasure import ErasureStep, erase_person, withdraw_erasure
from people.services.external_ids import load_external_ids
from people.services.forgetting import clear_names, forget_erased
from people.services.keys import SCOPES, create_token, revoke_token
from people.services.memberships import load_memberships
from people.services.standins import (
    end_deputy,
    end_second_lead,
    name_deputy,
    name_second_lead,
)
from people.services.wishes import (
    change_mail_lists,
    change_quiet_hours,
    choose_board_name,
    reactivate,
    suspend,
)

__all__ = [
    "SCOPES",
    "ErasureStep",
    "change_mail_lists",
    "change_quiet_hours",
    "check_password",
    "choose_board_name",
    "clear_names",
    "close_session",
    "count_attempt",
    "create_token",
    "end_deputy",
    "end_second_lead",
    "end_sessions_of",
    "erase_person",
    "forget_erased",
    "hash_of",
    "load_absences",
    "load_actor_for_token",
    "load_external_ids",
    "load_memberships",
    "load_people",
    "name_deputy",
    "name_second_lead",
    "note_changes",
    "open_session",
    "prune_sign_ins",
    "reactivate",
    "revoke_token",
    "see_session",
    "session_actor",
    "set_password",
    "signed_in",
    "suspend",
    "withdraw_erasure",
]
