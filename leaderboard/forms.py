"""Outside text of the boards: a playbook's part, a moment to look back to, a board to open."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

from core.calendars import zone_of
from core.errors import Invalid
from core.playbook import Node
from leaderboard.rules.standing import Mode
from leaderboard.services.openended import OpenKind, StandingPlan

# What a board without an end can rank by: nothing that compares with the weeks before a start.
MODES = (Mode.PARTICIPATION, Mode.PER_CAPITA, Mode.TOTAL)
LONGEST_TITLE = 120
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class OpenForm:
    """A board as somebody wants to open it."""

    title: str
    kind: OpenKind
    mode: Mode


def open_form(given: Mapping[str, str]) -> OpenForm:
    """The board to open. Raises Invalid naming the field."""
    title = " ".join(given.get("title", "").split())
    if not title or len(title) > LONGEST_TITLE or not title.isprintable():
        raise Invalid("A name is missing.", field="title", fix="Give it one of 1 to 120 letters.")
    try:
        kind, mode = OpenKind(given.get("kind", "")), Mode(given.get("mode", ""))
    except ValueError:
        raise Invalid("Choose what it counts and ranks by.", field="kind") from None
    if mode not in MODES:
        raise Invalid("This way of ranking needs a start and an end.", field="mode")
    return OpenForm(title, kind, mode)


def moment(given: Mapping[str, str], zone: str) -> datetime | None:
    """The moment asked for: an instant, or a date and time of the board's zone; None is now."""
    text = given.get("at", "").strip()
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        local = found if found.tzinfo else found.replace(tzinfo=zone_of(zone))
        instant = local.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid(
            "This is not a moment.", field="at", fix="Write it like 2026-11-12T16:00."
        ) from None
    if not EARLIEST <= instant < LATEST:
        raise Invalid("This moment is too far away.", field="at", fix="Choose one of the race.")
    return instant


def boards_part(node: Node) -> tuple[StandingPlan, ...]:
    """The playbook's `boards`: those that go on without an end."""
    return node.each(_board)


def _board(node: Node) -> StandingPlan:
    keys = node.fields(
        "slug", "title", "kind", "mode", "counts", "daily_cap", "target_days", "start"
    )
    target = keys.number("target_days", low=0, high=7)
    return StandingPlan(
        slug=keys.slug(),
        title=keys.text("title", required=True, longest=LONGEST_TITLE),
        kind=OpenKind(keys.choice("kind", list(OpenKind), default=OpenKind.STANDING.value)),
        mode=Mode(keys.choice("mode", list(MODES), default=Mode.PARTICIPATION.value)),
        counts=keys.texts("counts"),
        daily_cap=keys.whole("daily_cap", low=1, high=1000, default=1),
        target_days=Fraction(2) if target is None else Fraction(str(target)),
        starts_on=keys.day("start"),
    )
