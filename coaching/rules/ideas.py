"""The library of fixes: words with a few placeholders, what followed each, which to offer first.

What followed is a count over unlike cases, never a test: the interval is shown, too few decided
fixes say nothing, and what is offered first goes by the rate drawn to that of all ideas.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import SequenceMatcher

from core.stats import Share, pooled, shrink

ANY = "any"
ABOUT = ("ignored", "dismissed", "late", ANY)
PLACEHOLDERS = ("account", "rep", "weekday", "time")
# Fewer fixes with a known outcome than this are shown as a count, without a rate.
FEWEST_TO_TELL = 10
STEADYING_FIXES = 10
# A text that keeps this much of the idea's words, in their order, is still that idea.
STILL_THE_IDEA = 0.6
# As many words of a name are taken for the filling of one blank.
FILLED_WORDS = 3
LONGEST_SLUG, LONGEST_TITLE, LONGEST_WORDS = 60, 120, 600
SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_BRACED = re.compile(r"\{([^{}]*)\}|[{}]")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Idea:
    """A fix to hand back: `about` the way the moment was missed, or any.

    `since` is when these words came: what was handed back in earlier words is not counted with
    them, though the slug stays. None counts all.
    """

    slug: str
    title: str
    words: str
    about: str
    since: datetime | None = None
    author_id: int | None = None


@dataclass(frozen=True)
class Blanks:
    """What fills the placeholders at one moment."""

    account: str
    rep: str
    weekday: str
    time: str


@dataclass(frozen=True)
class Followed:
    """What came after the fixes made from an idea.

    `done` and `not_done` were shown by events. No chance yet, a mere statement and a review still
    to come speak neither for nor against it.
    """

    done: int = 0
    not_done: int = 0
    no_chance: int = 0
    stated: int = 0
    waiting: int = 0

    @property
    def share(self) -> Share:
        """After how many of the decided fixes the behaviour followed."""
        return Share(self.done, self.done + self.not_done)

    @property
    def handed(self) -> int:
        """How often it was handed back at all."""
        return self.share.base + self.no_chance + self.stated + self.waiting

    @property
    def tells(self) -> bool:
        """Whether there are enough decided fixes to speak of a rate."""
        return self.share.base >= FEWEST_TO_TELL


@dataclass(frozen=True)
class Offer:
    """An idea for a moment, its blanks filled."""

    slug: str
    title: str
    words: str
    followed: Followed = field(default_factory=Followed)


# Whoever changes the words of one gives it the `since` of that release.
BUILT_IN = (
    Idea(
        "first-step-same-day",
        "First step the day the signal comes",
        "Today, run the sequence for {account}. On your next quiet deal, run its first step "
        "the day the signal arrives.",
        "ignored",
    ),
    Idea(
        "signals-before-mail",
        "Signals before mail",
        "Run the sequence for {account} before noon. From tomorrow, open your signals before your "
        "mail, and give each new one its first step that morning.",
        "ignored",
    ),
    Idea(
        "run-or-close",
        "Run or close, no dismissing",
        "Today, decide on {account}: run the sequence, or close the deal. Do the same with your "
        "next signal. Dismissing it is not one of the two.",
        "dismissed",
    ),
    Idea(
        "reason-first",
        "A reason before it is dismissed",
        "Run the sequence for {account} today. Before you dismiss the next signal, write me one "
        "line why; without a reason, run it that day.",
        "dismissed",
    ),
    Idea(
        "fixed-quarter-hour",
        "A fixed quarter of an hour",
        "Put fifteen minutes for quiet deals into your calendar, every day at the same time. "
        "{account} is first today, your next signal is on the list the day it comes.",
        "late",
    ),
    Idea(
        "day-one-not-day-five",
        "On day one, not day five",
        "For {account}, send what is still open today. On your next quiet deal, run the first step "
        "before you go home that day, even if the rest waits.",
        "late",
    ),
    Idea(
        "recap-two-dates",
        "Two-line recap with two dates",
        "Today, send {account} a two-line recap with two times to choose from. On your next quiet "
        "deal, run the sequence and put two times into its first message.",
        ANY,
    ),
    Idea(
        "bring-the-next-one",
        "Bring me the next one",
        "Run the sequence for {account} today, {rep}. Run it on your next quiet deal too, and "
        "bring that deal along on {weekday} at {time}.",
        ANY,
    ),
)


def fill(words: str, blanks: Blanks) -> str:
    """The words with each placeholder filled, once: what a blank holds is never filled again.

    Raises ValueError for an unknown placeholder or a stray brace.
    """

    def one(found: re.Match[str]) -> str:
        name = found[1]
        if name not in PLACEHOLDERS:
            raise ValueError(f"there is no placeholder {found[0]}")
        return str(getattr(blanks, name))

    return _BRACED.sub(one, words)


def unknown_placeholders(words: str) -> tuple[str, ...]:
    """Everything in braces that could not be filled, and braces that stand alone."""
    return tuple(found[0] for found in _BRACED.finditer(words) if found[1] not in PLACEHOLDERS)


def doubts(title: str, words: str, about: str) -> dict[str, str]:
    """What keeps an idea out of the library, by field; nothing when it is sound."""
    found: dict[str, str] = {}
    if not title:
        found["title"] = "Give it a short name."
    elif len(title) > LONGEST_TITLE:
        found["title"] = f"Keep the name under {LONGEST_TITLE} letters."
    if not words:
        found["words"] = "Write what the rep is to do, as you would say it."
    elif len(words) > LONGEST_WORDS:
        found["words"] = f"One step fits into {LONGEST_WORDS} letters."
    elif unknown := unknown_placeholders(words):
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        found["words"] = f"Nothing can be put in place of {unknown[0]}. There are: {known}."
    if about not in ABOUT:
        found["about"] = "Choose what it is about."
    return found


def slug_of(title: str, taken: Iterable[str] = ()) -> str:
    """An address part from a title, with a number where it is taken."""
    base = "-".join(re.findall(r"[a-z0-9]+", title.lower()))[: LONGEST_SLUG - 4].strip("-")
    base = base or "idea"
    used = set(taken)
    number, slug = 1, base
    while slug in used:
        number += 1
        slug = f"{base}-{number}"
    return slug


def is_still(idea: str, words: str) -> bool:
    """Whether words are an idea's, or edited from it: most of both stand in the same order.

    What filled its blanks speaks neither way. Otherwise they are the manager's own, and nothing is
    learnt about the idea from them.
    """
    asked, given = _WORD.findall(_BRACED.sub("", idea).lower()), _WORD.findall(words.lower())
    same = sum(
        block.size
        for block in SequenceMatcher(None, asked, given, autojunk=False).get_matching_blocks()
    )
    longer = max(len(asked), len(given) - FILLED_WORDS * len(_BRACED.findall(idea)))
    return bool(same) and same >= STILL_THE_IDEA * longer


def ranked(
    ideas: Iterable[Idea], followed: Mapping[str, Followed], status: str
) -> tuple[Idea, ...]:
    """The ideas for a moment missed this way, the one to offer first at the front.

    Those about this way come before those about any. Among them goes the shrunk rate: ten average
    fixes are added to each, so that one lucky fix does not win and an untried idea stands at the
    average. Equals keep the order of their slugs.
    """
    listed = list(ideas)
    shares = [followed.get(each.slug, Followed()).share for each in listed]
    centre = pooled((share.hits, share.base) for share in shares) or 0.0
    steadied = {
        each.slug: shrink(share.hits, share.base, centre, STEADYING_FIXES)
        for each, share in zip(listed, shares, strict=True)
    }
    fitting = [each for each in listed if each.about in {status, ANY}]
    return tuple(
        sorted(fitting, key=lambda each: (each.about == ANY, -steadied[each.slug], each.slug))
    )


def suggest(ideas: Iterable[Idea], followed: Mapping[str, Followed], status: str) -> Idea | None:
    """The idea to offer first for a moment missed this way; None where the library has none."""
    return next(iter(ranked(ideas, followed, status)), None)
