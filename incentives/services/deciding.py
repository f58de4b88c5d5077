"""Who may decide on events, claims and doubts: nobody whom it concerns (CONTESTS case 34)."""

from datetime import datetime

from core import outbox
from core.errors import NotAllowed, TooLate
from core.policy import Actor, Role
from incentives import notices
from incentives.models import Contest
from incentives.queries import fairplay
from incentives.rules.contests import State, Step
from incentives.rules.fairplay import REVIEWED, TIE_WORDS, Stakes, Tie, free_of, tie_of
from incentives.services.steps import take
from incentives.services.words import contest_words
from leaderboard import services as boards
from people import queries as people


def check_free(
    actor: Actor, contest: Contest, *, about: int | None = None, asked_by: int | None = None
) -> bool:
    """Raise NotAllowed where something ties the actor to what they would decide.

    Returns whether they decide although they launched the contest, because nobody else could; that
    is then recorded (CONTESTS, Settled). About oneself nobody ever decides.
    """
    if actor.person_id is None:
        return False
    if actor.person_id == asked_by:
        raise NotAllowed(TIE_WORDS[Tie.ASKED])
    stakes = fairplay.stakes(contest)
    tie = tie_of(actor.person_id, stakes, about=about)
    if tie is None:
        return False
    if tie is Tie.AUTHOR and not _others(actor, stakes, {about, asked_by}):
        return True
    raise NotAllowed(TIE_WORDS[tie], fix="Ask somebody who neither launched it nor takes part.")


def _others(actor: Actor, stakes: Stakes, apart_from: set[int | None]) -> frozenset[int]:
    """Sales operations who could decide instead."""
    may = set(people.ids_with_role(Role.SALES_OPS)) - apart_from - {actor.person_id}
    return free_of((each for each in may if each is not None), stakes)


def check_open(contest: Contest) -> None:
    """Raise TooLate once a contest's result stands, or before there is anything to look at."""
    if contest.state not in REVIEWED:
        raise TooLate(
            "Nothing is decided on events before the start or once the result is final.",
            fix="A final result is corrected by adjusting it, with a second person.",
        )


def work_out_anew(contest: Contest, reason: str, *, actor: Actor, now: datetime) -> None:
    """Let the board follow at once; a provisional result is worked out again as a new revision."""
    contest.change += 1
    if contest.state == State.PROVISIONAL:
        take(contest, Step.DISPUTE_UPHELD, actor=actor, now=now, reason=reason)
        contest.rev += 1
        boards.thaw_board(contest.board_id)
    boards.refresh(contest.board_id, now)


def tell(contest: Contest, person_id: int, told: notices.News, now: datetime) -> None:
    """One letter to one person about what was decided."""
    card = people.card(person_id)
    if card is not None:
        outbox.post_all(notices.news(contest_words(contest), {person_id: card.name}, told), now)
