"""Outside text of the comms room: playbook parts, and the forms of its pages."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time

from comms.rules import WEEKDAYS, Cadence, unknown_placeholders
from core.errors import PennantError
from core.playbook import Node

STATES = ("not_measurable", "sustained", "lapsed", "trying", "not_started")
CADENCES = tuple(cadence.value for cadence in Cadence)
MOST_HELD_BACK = 90
SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True)
class TipPlan:
    """A tip of a playbook."""

    slug: str
    subject: str
    body: str
    about: str | None


@dataclass(frozen=True)
class CampaignPlan:
    """A campaign of a playbook or of the page; `day` counts Monday as 0."""

    slug: str
    cadence: str
    day: int
    at: time
    states: tuple[str, ...]
    holdout_percent: int
    tips: tuple[str, ...]
    starts_on: date | None = None
    ends_on: date | None = None


def tips_part(node: Node) -> tuple[TipPlan, ...]:
    """`tips` of a playbook (CONTRACT 4); the body stands in a file beside it, or in `body`."""
    plans = node.each(_tip)
    _refuse_twice(node, [plan.slug for plan in plans])
    return plans


def _tip(node: Node) -> TipPlan:
    keys = node.fields("slug", "subject", "body_file", "body", "about")
    slug = keys.slug()
    subject = keys.text("subject", required=True, longest=200)
    if keys.has("body") == keys.has("body_file"):
        raise node.refuse("give either body_file or body")
    body = (
        keys.text("body", longest=5000) if keys.has("body") else _body(keys.file_text("body_file"))
    )
    for key, text in (("subject", subject), ("body" if keys.has("body") else "body_file", body)):
        strange = unknown_placeholders(text)
        if strange:
            raise keys.refuse(key, f"{{{strange[0]}}} cannot be filled in; {{first_name}} can")
    return TipPlan(slug, subject, body, keys.text("about", longest=80))


def _body(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def campaigns_part(node: Node) -> tuple[CampaignPlan, ...]:
    """`campaigns` of a playbook (CONTRACT 4)."""
    plans = node.each(_campaign)
    _refuse_twice(node, [plan.slug for plan in plans])
    return plans


def _campaign(node: Node) -> CampaignPlan:
    keys = node.fields(
        "slug",
        "cadence",
        "day",
        "time",
        "audience",
        "holdout_percent",
        "tips",
        "starts_on",
        "ends_on",
    )
    audience = keys.node("audience")
    return CampaignPlan(
        slug=keys.slug(),
        cadence=keys.choice("cadence", CADENCES, default=Cadence.WEEKLY.value),
        day=WEEKDAYS.index(keys.choice("day", WEEKDAYS, required=True)),
        at=keys.time("time", required=True),
        states=()
        if audience is None
        else audience.fields("states").texts("states", choices=STATES),
        holdout_percent=keys.whole("holdout_percent", low=0, high=MOST_HELD_BACK, default=0),
        tips=_chosen_tips(keys.node("tips")),
        starts_on=keys.day("starts_on"),
        ends_on=keys.day("ends_on"),
    )


def _chosen_tips(node: Node | None) -> tuple[str, ...]:
    """`next_best` means all of the programme's tips; a list names some, in their order."""
    if node is None or node.value == "next_best":
        return ()
    if not isinstance(node.value, list):
        raise node.refuse("next_best or a list of tips is wanted here")
    return node.each(lambda item: item.text(120))


def _refuse_twice(node: Node, names: Sequence[str]) -> None:
    twice = [name for place, name in enumerate(names) if name in names[:place]]
    if twice:
        raise node.refuse(f"{twice[0]!r} stands here twice")


@dataclass(frozen=True)
class Problems(Exception):
    """What is wrong in a form, by field, for showing beside it."""

    by_field: Mapping[str, str]


def tip_form(values: Mapping[str, str]) -> TipPlan:
    """A tip written on the page; raises Problems with everything there is to mend."""
    subject = " ".join(values.get("subject", "").split())
    body = _body(values.get("body", ""))
    wrong: dict[str, str] = {}
    if not 1 <= len(subject) <= 120:
        wrong["subject"] = "Give a subject of at most 120 characters."
    if not 1 <= len(body) <= 5000:
        wrong["body"] = "Write the tip, in at most 5,000 characters."
    for name, text in (("subject", subject), ("body", body)):
        strange = unknown_placeholders(text)
        if strange:
            wrong[name] = f"{{{strange[0]}}} cannot be filled in. Only {{first_name}} can."
        if any(ord(ch) < 32 and ch not in "\n\t" for ch in text):
            wrong[name] = "There is a character in it that no letter can show."
    slug = "-".join(re.findall(r"[a-z0-9]+", subject.lower()))[:80].strip("-")
    if "subject" not in wrong and not slug:
        wrong["subject"] = "The subject needs a letter or a digit."
    if wrong:
        raise Problems(wrong)
    about = values.get("about", "").strip()
    return TipPlan(slug, subject, body, about[:80] or None)


def campaign_form(values: Mapping[str, str], states: Sequence[str]) -> CampaignPlan:
    """A campaign scheduled on the page; raises Problems with everything there is to mend."""
    wrong: dict[str, str] = {}
    slug = values.get("slug", "").strip().lower()
    if not SLUG.fullmatch(slug) or len(slug) > 80:
        wrong["slug"] = "Use lower-case letters, digits and hyphens, such as weekly-tip."
    if values.get("day") not in WEEKDAYS:
        wrong["day"] = "Choose a weekday."
    at = _time(values.get("time", ""))
    if at is None:
        wrong["time"] = "Give a time such as 09:00."
    percent = values.get("holdout_percent", "0").strip() or "0"
    if not percent.isascii() or not percent.isdigit() or int(percent) > MOST_HELD_BACK:
        wrong["holdout_percent"] = f"Give a whole number from 0 to {MOST_HELD_BACK}."
    if any(state not in STATES for state in states):
        wrong["states"] = "Choose from the list."
    starts_on = _day(values.get("starts_on", ""))
    if starts_on is None:
        wrong["starts_on"] = "Give the first day as YYYY-MM-DD."
    if wrong:
        raise Problems(wrong)
    cadence = values.get("cadence", Cadence.WEEKLY.value)
    return CampaignPlan(
        slug=slug,
        cadence=cadence if cadence in CADENCES else Cadence.WEEKLY.value,
        day=WEEKDAYS.index(values["day"]),
        at=at or time(9),
        states=tuple(dict.fromkeys(states)),
        holdout_percent=int(percent),
        tips=(),
        starts_on=starts_on,
    )


def _time(text: str) -> time | None:
    try:
        found = time.fromisoformat(text.strip())
    except ValueError:
        return None
    return found.replace(second=0, microsecond=0) if found.tzinfo is None else None


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text.strip())
    except ValueError:
        return None
    return found if date(1970, 1, 2) <= found < date(2200, 1, 1) else None


def problems_of(error: PennantError) -> dict[str, str]:
    """A service's refusal as the mark beside its field."""
    return {error.field or "": f"{error.message} {error.fix}" if error.fix else error.message}
