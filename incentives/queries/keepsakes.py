"""An award in the words that go on a mug or a card."""

from dataclasses import dataclass

from core.calendars import zone_of
from core.db import db
from incentives.models import Award, Contest
from leaderboard.models import Side
from people import queries as people
from programme import queries as programmes

GIVEN = ("granted", "announced")


@dataclass(frozen=True)
class Keepsake:
    """Whose it is, as they wish to be named, for what, and when. `team` colours the pennant."""

    name: str
    deed: str
    place: int | None
    when: str
    team: int


def keepsake(award_id: int, reader_id: int | None) -> Keepsake | None:
    """An award that was given; None when there is none, it waits for its reveal, or its person is
    not listed to others.
    """
    award = db.session.get(Award, award_id)
    if award is None or award.state not in GIVEN or award.is_sealed:
        return None
    name = _name(award, reader_id)
    if name is None:
        return None
    contest = None if award.contest_id is None else db.session.get_one(Contest, award.contest_id)
    zone = "UTC" if contest is None else programmes.by_id(contest.programme_id).time_zone
    given = award.granted_at.astimezone(zone_of(zone))
    return Keepsake(
        name=name,
        deed=award.title if contest is None else contest.title,
        place=award.place,
        when=f"{given:%B} {given.year}",
        team=award.team_id or award.side_id or award.person_id or 1,
    )


def _name(award: Award, reader_id: int | None) -> str | None:
    if award.team_id is not None:
        return people.team_names([award.team_id]).get(award.team_id)
    if award.side_id is not None:
        side = db.session.get(Side, award.side_id)
        return None if side is None else side.name
    card = None if award.person_id is None else people.card(award.person_id)
    if card is None:
        return None
    return card.shown if award.person_id == reader_id else card.on_boards
