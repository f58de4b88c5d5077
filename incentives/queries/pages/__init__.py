"""What the contest pages show: the whole, its lanes, a team's own part, the race, one's week."""

from incentives.queries.pages.chase import distance, next_action
from incentives.queries.pages.lanes import BoardView, board_view
from incentives.queries.pages.race import race_of
from incentives.queries.pages.squads import (
    LeadView,
    OwnTeam,
    Squad,
    SquadLine,
    lead_view,
    own_part,
    own_team,
    squad,
    squad_foot,
)
from incentives.queries.pages.terms import (
    PointLine,
    PrizeView,
    foot_of,
    mode_choices,
    point_line,
)
from incentives.queries.pages.weeks import (
    OwnPlace,
    headline,
    own_places,
    team_headline,
    team_places,
)
from incentives.queries.pages.whole import LaneView, Whole, is_live, is_on, whole
from leaderboard.metrics import percent, score_words
from leaderboard.rules.seats import Seat

__all__ = [
    "BoardView",
    "LaneView",
    "LeadView",
    "OwnPlace",
    "OwnTeam",
    "PointLine",
    "PrizeView",
    "Seat",
    "Squad",
    "SquadLine",
    "Whole",
    "board_view",
    "distance",
    "foot_of",
    "headline",
    "is_live",
    "is_on",
    "lead_view",
    "mode_choices",
    "next_action",
    "own_part",
    "own_places",
    "own_team",
    "percent",
    "point_line",
    "race_of",
    "score_words",
    "squad",
    "squad_foot",
    "team_headline",
    "team_places",
    "whole",
]
