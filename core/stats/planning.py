"""What a design can detect before it starts (METRICS X11, X12): at 5 % two-sided, 80 % power."""

from math import sqrt

from core.stats.quantiles import t_quantile


def _reach(treated: int, control: int) -> float | None:
    """t_.975 + t_.80 at df G - 2; None when so few teams have no degree of freedom."""
    df = treated + control - 2
    if treated < 1 or control < 1 or df < 1:
        return None
    return t_quantile(0.975, df) + t_quantile(0.80, df)


def rate_mde(treated: int, control: int, *, size: float, sd: float, icc: float) -> float | None:
    """METRICS X11: the smallest difference teams of `size` reps can show; None below three teams.

    `sd` is the spread between reps, `icc` the share of it that teams have in common.
    """
    reach = _reach(treated, control)
    if reach is None:
        return None
    return reach * sd * sqrt((icc + (1 - icc) / size) * (1 / treated + 1 / control))


def contest_mde(
    treated: int,
    control: int,
    *,
    size: float,
    weeks: float,
    weeks_before: float,
    sd_week: float,
    sd_team: float,
) -> float | None:
    """METRICS X12: the smallest change in days a week a contest can show; None below three teams.

    `sd_week` is the spread of rep-weeks, `sd_team` that of a team's shock before and during.
    """
    reach = _reach(treated, control)
    if reach is None:
        return None
    variance = sd_week**2 / size * (1 / weeks + 1 / weeks_before) + 2 * sd_team**2
    return reach * sqrt(variance * (1 / treated + 1 / control))
