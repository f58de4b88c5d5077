"""The page's first sentence: the surest thing that may be said, and no more."""

from collections.abc import Sequence

from reports.rules.compared import GrowthGap
from reports.rules.lift import Lift, clearest
from reports.rules.words import LEVEL, percent, plain

NOT_YET = "We cannot tell yet what difference it makes."


def headline(lifts: Sequence[Lift], growth: GrowthGap | None) -> str:
    """What was drawn by lot goes before what was only compared; neither clear: we cannot tell."""
    best = clearest(lifts)
    if best is not None and best.estimate is not None:
        effect = best.estimate.effect
        much = "more" if effect > 0 else "less"
        return (
            f"Drawn by lot, it made a difference: {plain(abs(effect))} days of use a week {much}."
        )
    if growth is not None and growth.permutation.p <= LEVEL:
        effect = growth.estimate.effect
        much = "more" if effect > 0 else "less"
        return (
            f"Reps who used it probably grew about {percent(abs(effect))} {much} than the others."
        )
    return NOT_YET
