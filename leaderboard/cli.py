"""What the boards declare: the playbook's boards without an end."""

from collections.abc import Sequence

from core.playbook import Apply, PlaybookPart
from leaderboard.forms import boards_part
from leaderboard.services.openended import StandingPlan, define_boards


def _apply_boards(run: Apply, plans: Sequence[StandingPlan]) -> Sequence[str]:
    return define_boards(run.programme_id, plans, actor=run.actor, now=run.now)


PLAYBOOK_PARTS = (PlaybookPart("boards", 45, boards_part, _apply_boards),)
