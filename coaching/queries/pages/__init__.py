"""What the pages of the weekly loop show: a manager's Monday, one talk, a rep's own view.

Each page asks the same number of questions whatever the size of a team, and every one by index.
"""

from coaching.queries.pages.monday import (
    Changed,
    Choice,
    Monday,
    Owed,
    choice,
    is_coached,
    monday,
    teams_led,
)
from coaching.queries.pages.reviews import (
    Booking,
    booked_words,
    booking,
    moments_waiting,
    names_of,
    review_words,
    reviews_waiting,
    verdicts,
    zone_name,
)
from coaching.queries.pages.talks import (
    Done,
    ItemPage,
    Own,
    OwnItem,
    Said,
    Shortlisted,
    accounts,
    fixes_of,
    item_page,
    moments_of,
    notes_of,
    open_of,
    own,
    told_of,
)
from coaching.queries.pages.weeks import (
    ScoreWeek,
    Shown,
    counts_of,
    default_programme,
    shown_of,
    week_at,
    weeks_before,
    with_shown,
)
from programme.models import Programme

# The programme a page is about, by the name its doors know it.
Owner = Programme

__all__ = [
    "Booking",
    "Changed",
    "Choice",
    "Done",
    "ItemPage",
    "Monday",
    "Owed",
    "Own",
    "OwnItem",
    "Owner",
    "Said",
    "ScoreWeek",
    "Shortlisted",
    "Shown",
    "accounts",
    "booked_words",
    "booking",
    "choice",
    "counts_of",
    "default_programme",
    "fixes_of",
    "is_coached",
    "item_page",
    "moments_of",
    "moments_waiting",
    "monday",
    "names_of",
    "notes_of",
    "open_of",
    "own",
    "review_words",
    "reviews_waiting",
    "shown_of",
    "teams_led",
    "told_of",
    "verdicts",
    "week_at",
    "weeks_before",
    "with_shown",
    "zone_name",
]
