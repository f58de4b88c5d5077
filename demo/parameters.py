"""Every constant of the demo world, with what it steers.

The behavioural constants were found once, by bisection, for the csp size and seed 28: each comment
names the figure of METRICS section 6 that fixes the constant. What needs no simulation (logins,
training, proposals, proposal value, revenue gap, new and returning people) is fitted exactly in
every world by `demo.calibration`.
"""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_SEED = 28


@dataclass(frozen=True)
class Size:
    """How large a demo company is."""

    name: str
    teams: int
    reps_at_start: int
    hires: int
    regions: int


SIZES = {
    "csp": Size(name="csp", teams=288, reps_at_start=2820, hires=180, regions=12),
    "small": Size(name="small", teams=5, reps_at_start=47, hires=3, regions=4),
}
"""Each size adds Marcus and Priya with five reps each."""

WAVE_SHARES = (0.28, 0.47, 0.25)
LEAVER_SHARE = 0.08
MOVER_SHARE = 0.06
SMALLEST_TEAM = 5
LARGEST_TEAM = 15


@dataclass(frozen=True)
class Behaviour:
    """What makes a rep use the tool on a working day (log-odds unless said otherwise)."""

    base: float = -2.2
    """The level of everybody: sustained adoption on the last day, 55 %."""
    ramp: float = 1.0
    """Goodwill at the start, fading with `ramp_days`: sustained at the own day 60, 47 %."""
    ramp_days: float = 60.0
    module: float = 0.2
    """Extra once the proposal module is there (general release): the climb after summer."""
    openness: float = 1.1
    manager: float = 0.5
    personal: float = 0.5
    habit: float = 4.4
    """Weight of the exponential memory of earlier days."""
    memory: float = 0.12
    """Share of the memory that one working day replaces."""
    novelty: float = 1.2
    novelty_days: float = 8.0
    contest: float = 0.7
    tips: float = 0.1
    off_day: float = 0.02
    """Chance of use on a weekend, holiday or day of leave, times the habit."""
    never: float = 0.12
    """Share who never start: ever used, about 88 %."""
    prompt: float = 0.80
    """Share of starters who begin within `prompt_days`: new people in month 2, +78 %."""
    prompt_days: int = 24
    slow_days: int = 45
    droppers: float = 0.26
    """Share of starters who try it for some days and stop: returning in month 3, 72 %."""
    comeback: float = 0.50
    """Share of droppers whom summer and the proposal module bring back."""


BEHAVIOUR = Behaviour()

LOGIN_ACTIVE = 0.80
LOGIN_IDLE = 0.17
LOGIN_IDLE_LAUNCH = 0.36

TIP_CAMPAIGN = "weekly-tip"
TIP_HOLDOUT_PERCENT = 10

DEALS_PER_WEEK = 0.20
LOST_PER_WON = 0.45
TOOL_LIFT = 1.15
"""The known truth: a week with use has this many times the deals (METRICS 3.1)."""
DEAL_AMOUNT = 4500
DEAL_NOISE = 0.55
SIGNAL_SHARE = 0.40

LOGINS_GROWTH = 2.17
NEW_GROWTH = 0.78
RETURNED = 0.72
TRAINED = 0.68
PROPOSALS_GROWTH = 26.42
REVENUE_GAP = 2.09
PROPOSAL_VALUE_GAP = 0.93
