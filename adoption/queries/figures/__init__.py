"""The figures of CONTRACT section 5 that this room answers, each by its rule of METRICS.

Every one takes `as_of`: what was known then. All rates are fractions; "no base" is None.
"""

from adoption.queries.figures.active import dau_wau_mau, l28, stickiness
from adoption.queries.figures.gaps import (
    gap_population,
    proposal_value_gap,
    proposal_value_gap_before,
    proposals_between,
    revenue_gap,
    revenue_gap_before,
    sellers,
    sellers_by,
    won_amounts,
    won_by_stretch,
)
from adoption.queries.figures.growth import (
    logins_growth,
    new_user_growth,
    proposals_growth,
    returning_established,
)
from adoption.queries.figures.scope import (
    UNASSIGNED,
    ids_by_key,
    keys_of,
    on_team,
    owner_of,
    programme_id_of,
    refuse_unknown_team,
    share_keys,
    team_names_on,
)
from adoption.queries.figures.sustained import (
    adoption,
    adoption_by_team,
    day60,
    states,
    streak_of,
    team_rows,
    weekly_adoption,
)

__all__ = [
    "UNASSIGNED",
    "adoption",
    "adoption_by_team",
    "dau_wau_mau",
    "day60",
    "gap_population",
    "ids_by_key",
    "keys_of",
    "l28",
    "logins_growth",
    "new_user_growth",
    "on_team",
    "owner_of",
    "programme_id_of",
    "proposal_value_gap",
    "proposal_value_gap_before",
    "proposals_between",
    "proposals_growth",
    "refuse_unknown_team",
    "returning_established",
    "revenue_gap",
    "revenue_gap_before",
    "sellers",
    "sellers_by",
    "share_keys",
    "states",
    "stickiness",
    "streak_of",
    "team_names_on",
    "team_rows",
    "weekly_adoption",
    "won_amounts",
    "won_by_stretch",
]
