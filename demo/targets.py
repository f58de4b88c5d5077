"""What the product's own figures must say about a freshly loaded demo (METRICS section 6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from demo.dates import LAST_DAY, LAUNCH, Timeline
from demo.people import MARCUS, PRIYA
from demo.training import INTRO


@dataclass(frozen=True)
class Target:
    """A figure, how it is asked, where in its value to look, and what must stand there."""

    figure: str
    params: dict[str, str]
    path: str
    target: float
    tolerance: float

    def holds(self, value: float | None) -> bool:
        """Whether a value lies within the tolerance; no value never does."""
        return value is not None and abs(value - self.target) <= self.tolerance + 1e-9


def _everywhere(line: Timeline, size: str) -> list[Target]:
    """What does not depend on calendar months: these hold in moved worlds too."""
    through = line.last_day.isoformat()
    span = {
        "start": line.moved(LAUNCH).isoformat(),
        "end": line.today.isoformat(),
        "through": through,
    }
    lately = {**span, "start": (line.today - timedelta(days=28)).isoformat()}
    wide = 1 if size == "csp" else 3
    return [
        Target("adoption", {"through": through}, "rate", 0.55, 0.05 * wide),
        Target("day60", {"through": through}, "rate", 0.45, 0.05 * wide),
        Target("training", {"course": INTRO, "through": through}, "rate", 0.68, 0.005 * wide),
        Target("due_behaviour_coverage", {**span, "team": MARCUS}, "rate", 0.25, 0.0),
        Target("due_behaviour_coverage", {**span, "team": PRIYA}, "rate", 0.80, 0.0),
        # The case itself, 5 of 20 and 16 of 20: the last 28 days alone, as the leak asks.
        *(
            Target("due_behaviour_coverage", {**lately, "team": team}, path, target, 0.0)
            for team, on_time in ((MARCUS, 5), (PRIYA, 16))
            for path, target in (("on_time", on_time), ("denominator", 20))
        ),
    ]


def _logins(line: Timeline, tolerance: float) -> Target:
    launch, today = line.moved(LAUNCH), line.today
    four_weeks = timedelta(days=28)
    params = {
        "base": f"{launch}/{launch + four_weeks}",
        "current": f"{today - four_weeks}/{today}",
    }
    return Target("logins_growth", params, "growth", 2.17, tolerance)


def targets(line: Timeline, size: str) -> tuple[Target, ...]:
    """The targets of a world.

    Figures of calendar months are stated for the fixed dates alone: a moved story keeps weekdays,
    so its months hold other weeks. The small size is asked for rates only.
    """
    found = _everywhere(line, size)
    if size != "csp":
        return tuple(found)
    if line.last_day != LAST_DAY:
        return (*found, _logins(line, 0.10))
    autumn = {"start": date(2026, 8, 1).isoformat(), "end": date(2026, 11, 1).isoformat()}
    return (
        *found,
        _logins(line, 0.03),
        Target("new_user_growth", {"month": "2026-04"}, "growth", 0.78, 0.03),
        Target("returning_established", {"month": "2026-05"}, "rate", 0.72, 0.01),
        Target(
            "proposals_growth", {"month_a": "2026-07", "month_b": "2026-10"}, "growth", 26.42, 0.6
        ),
        Target("revenue_gap", {**autumn, "user_rule": "any"}, "gap", 2.09, 0.05),
        Target("proposal_value_gap", autumn, "gap", 0.93, 0.02),
    )
