"""The library of fixes as it stands in a programme, and what followed each of its ideas."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import and_, case, func, literal, or_, select

from coaching.models import CoachingItem, Fix, FixIdea
from coaching.rules.ideas import BUILT_IN, Blanks, Followed, Idea, Offer, fill, is_still, ranked
from core.db import db
from programme.models import Programme

# What one fix counts as, whatever its item's state is called.
DONE, NOT_DONE, NO_CHANCE, STATED, WAITING = "done", "not_done", "no_chance", "stated", "waiting"
MISSED = "missed"


@dataclass(frozen=True)
class Library:
    """Every idea of a programme with what followed it; `retired` are no longer offered."""

    ideas: tuple[Idea, ...]
    retired: tuple[Idea, ...]
    followed: Mapping[str, Followed]

    def of(self, slug: str) -> Idea | None:
        """The idea of this slug that is offered."""
        return next((each for each in self.ideas if each.slug == slug), None)

    def known(self, slug: str) -> Idea | None:
        """The idea of this slug, retired or not."""
        return self.of(slug) or next((each for each in self.retired if each.slug == slug), None)

    def offers(self, status: str, blanks: Blanks) -> tuple[Offer, ...]:
        """The ideas for a moment missed this way, best first, their blanks filled."""
        return tuple(
            Offer(
                each.slug,
                each.title,
                fill(each.words, blanks),
                self.followed.get(each.slug, Followed()),
            )
            for each in ranked(self.ideas, self.followed, status)
        )


def library(owner: Programme) -> Library:
    """The ideas of a programme: the house's own, ours, and those changed here under our slug."""
    rows = db.session.scalars(
        select(FixIdea).where(FixIdea.programme_id == owner.id).order_by(FixIdea.slug)
    )
    added = {row.slug: row for row in rows}
    ours = [each for each in BUILT_IN if each.slug not in added]
    kept = [_idea(row) for row in added.values() if row.retired_at is None]
    gone = [_idea(row) for row in added.values() if row.retired_at is not None]
    ideas = (*ours, *kept)
    return Library(ideas, tuple(gone), _followed(owner, (*ideas, *gone)))


OURS = {each.slug: each for each in BUILT_IN}


def _idea(row: FixIdea) -> Idea:
    """A stored idea; one of ours that only got another name here keeps all its fixes."""
    ours = OURS.get(row.slug)
    since = ours.since if ours is not None and ours.words == row.words else row.created_at
    return Idea(row.slug, row.title, row.words, row.about, since, row.author_id)


def _followed(owner: Programme, ideas: tuple[Idea, ...]) -> dict[str, Followed]:
    """What came after the fixes handed back in the present words of each idea.

    A review nobody held shows nothing either way and is not counted at all.
    """
    wanted = [
        Fix.idea == each.slug
        if each.since is None
        else and_(Fix.idea == each.slug, Fix.sent_at >= each.since)
        for each in ideas
    ]
    if not wanted:
        return {}
    is_decided = CoachingItem.outcome.in_((DONE, NOT_DONE))
    kind = case(
        (CoachingItem.proof == "statement", literal(STATED)),
        (CoachingItem.outcome == NO_CHANCE, literal(NO_CHANCE)),
        (is_decided, CoachingItem.outcome),
        (CoachingItem.missed_by.is_not(None), literal(MISSED)),
        else_=literal(WAITING),
    )
    fixes = (
        select(Fix.idea.label("slug"), kind.label("kind"))
        .join(CoachingItem, CoachingItem.id == Fix.item_id)
        .where(CoachingItem.programme_id == owner.id, or_(*wanted))
        .subquery()
    )
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for slug, what, count in db.session.execute(
        select(fixes.c.slug, fixes.c.kind, func.count()).group_by(fixes.c.slug, fixes.c.kind)
    ):
        counts[slug][what] = count
    return {
        slug: Followed(
            done=found.get(DONE, 0),
            not_done=found.get(NOT_DONE, 0),
            no_chance=found.get(NO_CHANCE, 0),
            stated=found.get(STATED, 0),
            waiting=found.get(WAITING, 0),
        )
        for slug, found in counts.items()
    }


def stored(programme_id: int, slug: str) -> FixIdea | None:
    """The row of an idea, also of one of ours that was changed here."""
    return db.session.scalar(
        select(FixIdea).where(FixIdea.programme_id == programme_id, FixIdea.slug == slug)
    )


def suggested(owner: Programme, status: str, blanks: Blanks) -> tuple[Offer, ...]:
    """The ideas to offer for one missed moment, best first; the first fills the field.

    A page with several moments reads `library` once and asks it for each.
    """
    return library(owner).offers(status, blanks)


def kept_slug(programme_id: int, slug: str | None, words: str) -> str | None:
    """The slug to keep with a fix: the chosen idea's while the words are still its own.

    None where no idea was chosen, it is unknown or retired, or the manager wrote something else.
    """
    if slug is None:
        return None
    row = stored(programme_id, slug)
    idea = OURS.get(slug) if row is None else None if row.retired_at else _idea(row)
    return slug if idea is not None and is_still(idea.words, words) else None
