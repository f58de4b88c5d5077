"""The formulas of METRICS section 7: shares and their intervals, comparisons, planning. Pure."""

from core.stats.arms import ARM_PLACES, hash_arm, is_held_out
from core.stats.comparing import Change, Estimate, adjusted, mean_change, two_sample
from core.stats.many import benjamini_hochberg, holm
from core.stats.permutation import Permutation, permute, smallest_p
from core.stats.planning import contest_mde, rate_mde
from core.stats.quantiles import beta_cdf, beta_quantile, t_cdf, t_quantile, two_sided_p
from core.stats.shares import (
    Share,
    empirical_bayes,
    growth,
    half_up,
    jeffreys,
    per,
    pooled,
    shrink,
    wilson,
)

__all__ = [
    "ARM_PLACES",
    "Change",
    "Estimate",
    "Permutation",
    "Share",
    "adjusted",
    "benjamini_hochberg",
    "beta_cdf",
    "beta_quantile",
    "contest_mde",
    "empirical_bayes",
    "growth",
    "half_up",
    "hash_arm",
    "holm",
    "is_held_out",
    "jeffreys",
    "mean_change",
    "per",
    "permute",
    "pooled",
    "rate_mde",
    "shrink",
    "smallest_p",
    "t_cdf",
    "t_quantile",
    "two_sample",
    "two_sided_p",
    "wilson",
]
