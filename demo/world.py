"""The whole demo world as CONTRACT section 3's tables, and its files on disk."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

from demo.behaviour import Use, simulate
from demo.calibration import fit_new_people, fit_returning
from demo.dates import Timeline, timeline
from demo.deals import (
    Deal,
    Proposal,
    Signal,
    draw_deals,
    draw_plain_proposals,
    draw_signals,
    draw_tool_proposals,
    fit_skill_weight,
    fit_values,
    tell_the_loop,
    tell_the_months_before,
)
from demo.parameters import BEHAVIOUR, DEFAULT_SEED, SIZES, Behaviour
from demo.people import Company, Rep, Staff, build
from demo.playbook import playbook, write_playbook
from demo.training import Assignment, Completion, draw_training
from demo.usage import Instants, draw_usage

SIGNAL_MINUTE = 450
"""Signals fire before anybody's working day begins, so an answer on the day itself counts."""

REMARKS = {
    "Maya Torres": "a rep on Priya's team, with a fix to read",
    "Leo Strand": "a rep on Marcus's team",
    "Marcus Field": "his reps ran it on 5 of 20 stalled deals",
    "Priya Raman": "hers on 16 of 20; she owes a review on her Monday page",
    "Helen Ortega": "director of the Northeast",
    "Sam Okafor": "runs contests, tips and imports",
    "Victor Hale": "the sponsor",
    "Ada Quist": "the administrator",
}
"""Who gets an account, and what is worth knowing of them."""

COLUMNS = {
    "people": (
        "person_id,email,name,role,channel,time_zone,hire_date,leave_date,enabled_on,"
        "disabled_on,manager_id,is_test"
    ),
    "memberships": "person_id,team,start_date,end_date,lead",
    "absences": "person_id,start_date,end_date",
    "assignments": "person_id,course,assigned_on,due_on,waived",
    "completions": "person_id,course,completed_at,passed,score,source",
    "deals": (
        "deal_id,person_id,account,product,amount,currency,stage,created_on,proposal_on,closed_on"
    ),
    "proposals": "proposal_id,person_id,created_on,value,with_tool,deal_id",
    "signals": "signal_id,deal_id,person_id,fired_at,dismissed_at",
    "usage": "event_id,person_id,kind,occurred_at,received_at,object_id,value,voided",
}
"""Kinds in dependency order, with their header rows."""

Row = tuple[str, ...]


@dataclass(frozen=True)
class SignIn:
    """Somebody to sign in as."""

    role: str
    person_id: str
    name: str
    email: str
    remark: str


@dataclass(frozen=True)
class World:
    """Rows of text by kind, exactly as the import files hold them, and the playbook."""

    size: str
    seed: int
    timeline: Timeline
    tables: dict[str, Sequence[Row]]
    playbook: dict[str, Any]
    sign_ins: tuple[SignIn, ...]
    approver: str
    keepers: dict[str, float]
    """Team -> how likely its manager keeps a week's coaching loop."""

    def columns(self, kind: str) -> tuple[str, ...]:
        """The header of a kind."""
        return tuple(COLUMNS[kind].split(","))

    def records(self, kind: str) -> Iterator[dict[str, str]]:
        """The rows of a kind as dictionaries."""
        names = self.columns(kind)
        return (dict(zip(names, row, strict=True)) for row in self.tables[kind])

    def write(self, folder: Path) -> None:
        """Writes one CSV file for each kind and `playbook.yaml` with its tips."""
        folder.mkdir(parents=True, exist_ok=True)
        for kind, rows in self.tables.items():
            with (folder / f"{kind}.csv").open("w", newline="", encoding="utf-8") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(self.columns(kind))
                writer.writerows(rows)
        write_playbook(self.playbook, folder)


class _Calendar:
    """Writes day indexes as dates."""

    def __init__(self, line: Timeline) -> None:
        self._line = line
        self._texts = [day.isoformat() for day in line.days]

    def text(self, index: int) -> str:
        if 0 <= index < len(self._texts):
            return self._texts[index]
        return date.fromordinal(self._line.first.toordinal() + index).isoformat()


def _people_rows(company: Company, line: Timeline) -> Iterator[Row]:
    text = _Calendar(line).text
    for place, one in enumerate(company.staff):
        hired = text(-1200 - 37 * (place % 60))
        yield (
            one.key, one.email, one.name, one.role, "", one.zone, hired, "", "", "",
            one.manager_key, "",
        )  # fmt: skip
    for rep in company.reps:
        if rep.hired < line.cut:
            leaves = text(rep.left) if rep.left < line.cut else ""
            manager = rep.team_on(line.cut - 1).manager_key
            yield (
                rep.key, rep.email, rep.name, "rep", rep.channel, rep.zone, text(rep.hired),
                leaves, text(rep.enabled), "", manager, "true" if rep.is_test else "",
            )  # fmt: skip


def _membership_rows(company: Company, line: Timeline) -> Iterator[Row]:
    text = _Calendar(line).text
    for one in company.staff:
        if one.team:
            yield (one.key, one.team, text(-330), "", "true")
    for rep in company.reps:
        if rep.hired >= line.cut:
            continue
        for team, start, end in rep.teams:
            if start < line.cut:
                yield (rep.key, team.name, text(start), text(end) if end < line.cut else "", "")


def _absence_rows(reps: list[Rep], line: Timeline) -> Iterator[Row]:
    """Absences that have begun, and those entered for the coming two weeks."""
    text = _Calendar(line).text
    for rep in reps:
        for start, end in rep.absences:
            if start < line.cut + 14 and rep.hired < line.cut:
                yield (rep.key, text(start), text(end))


def _deal_rows(deals: list[Deal], beta: float, line: Timeline) -> Iterator[Row]:
    text = _Calendar(line).text
    for deal in deals:
        closed = deal.closed < line.cut
        stage = ("won" if deal.won else "lost") if closed else "open"
        yield (
            deal.key, deal.rep.key, deal.account, deal.product, str(deal.amount(beta)), "USD",
            stage, text(deal.created), text(deal.proposed) if deal.proposed < line.cut else "",
            text(deal.closed) if closed else "",
        )  # fmt: skip


def _proposal_rows(proposals: list[Proposal], line: Timeline) -> Iterator[Row]:
    text = _Calendar(line).text
    for one in proposals:
        value = "" if one.value is None else f"{one.value:.0f}"
        deal = one.deal.key if one.deal else ""
        made = "true" if one.with_tool else "false"
        yield (one.key, one.rep.key, text(one.day), value, made, deal)


def _signal_rows(signals: list[Signal], line: Timeline) -> Iterator[Row]:
    instants = Instants(line)
    for number, one in enumerate(signals, 1):
        zone, rep = "America/New_York", one.deal.rep
        fired = instants.at(zone, one.fired, SIGNAL_MINUTE)
        dismissed = ""
        if one.dismissed is not None and one.dismissed < line.cut:
            dismissed = instants.at(zone, one.dismissed, 700)
        yield (f"S{number:06d}", one.deal.key, rep.key, fired, dismissed)


def _assignment_rows(assignments: list[Assignment], line: Timeline) -> Iterator[Row]:
    text = _Calendar(line).text
    for one in assignments:
        waived = "true" if one.waived else ""
        yield (one.rep.key, one.course, text(one.assigned), text(one.due), waived)


def _completion_rows(completions: list[Completion], seed: int, line: Timeline) -> Iterator[Row]:
    instants, random = Instants(line), Random(f"{seed}:class")
    for one in completions:
        moment = instants.at(one.rep.zone, one.day, random.randint(500, 1000))
        passed = "true" if one.passed else "false"
        yield (one.rep.key, one.course, moment, passed, str(one.score), "lms")


def _sign_ins(company: Company) -> tuple[SignIn, ...]:
    """At least one for each role; the first of that name where a namesake works here too."""
    people: list[Staff | Rep] = [*company.staff, *company.reps]
    known: dict[str, Staff | Rep] = {}
    for one in people:
        if one.name in REMARKS:
            known.setdefault(one.name, one)
    return tuple(
        SignIn(
            role=known[name].role,
            person_id=known[name].key,
            name=name,
            email=known[name].email,
            remark=remark,
        )
        for name, remark in REMARKS.items()
        if name in known
    )


@dataclass
class _Business:
    """Deals and what belongs to them."""

    deals: list[Deal]
    signals: list[Signal]
    proposals: list[Proposal]
    beta: float


def _business(reps: list[Rep], uses: list[Use], seed: int, line: Timeline) -> _Business:
    """Deals, signals and proposals, fitted and numbered."""
    by_rep = {rep.key: use for rep, use in zip(reps, uses, strict=True)}
    story_deals, story_signals = tell_the_loop(reps, by_rep, seed, line)
    earlier_deals, earlier_signals = tell_the_months_before(reps, by_rep, seed, line)
    story_deals, story_signals = story_deals + earlier_deals, story_signals + earlier_signals
    drawn = draw_deals(reps, uses, seed, line)
    signals = draw_signals(drawn, by_rep, seed, line) + story_signals
    deals = [deal for deal in drawn + story_deals if deal.created < line.cut]
    deals.sort(key=lambda deal: (deal.created, deal.rep.key))
    for number, deal in enumerate(deals, 1):
        deal.key = f"D{number:06d}"
    beta = fit_skill_weight(reps, uses, deals, line)
    made = draw_tool_proposals(reps, uses, seed, line)
    proposals = [one for one in made if one.day < line.cut]
    proposals += draw_plain_proposals(deals, by_rep, seed, line)
    fit_values(proposals, line)
    proposals.sort(key=lambda one: (one.day, one.rep.key))
    for number, one in enumerate(proposals, 1):
        one.key = f"Q{number:06d}"
    signals.sort(key=lambda one: (one.fired, one.deal.key))
    return _Business(deals, signals, proposals, beta)


def generate(
    size: str = "csp",
    seed: int = DEFAULT_SEED,
    today: date | None = None,
    behaviour: Behaviour = BEHAVIOUR,
) -> World:
    """The world of a size and seed; `today` moves the story (demo.dates), None leaves it in 2026.

    The same arguments give the same rows on every machine. KeyError for an unknown size.
    """
    line = timeline(today)
    company = build(SIZES[size], seed, line)
    reps = company.reps
    uses = simulate(reps, seed, line, behaviour)
    fit_new_people(reps, uses, line)
    fit_returning(reps, uses, line)
    business = _business(reps, uses, seed, line)
    by_rep = {rep.key: use for rep, use in zip(reps, uses, strict=True)}
    assignments, completions = draw_training(reps, by_rep, seed, line)
    tables: dict[str, Sequence[Row]] = {
        "people": list(_people_rows(company, line)),
        "memberships": list(_membership_rows(company, line)),
        "absences": list(_absence_rows(reps, line)),
        "assignments": list(_assignment_rows(assignments, line)),
        "completions": list(_completion_rows(completions, seed, line)),
        "deals": list(_deal_rows(business.deals, business.beta, line)),
        "proposals": list(_proposal_rows(business.proposals, line)),
        "signals": list(_signal_rows(business.signals, line)),
        "usage": draw_usage(reps, uses, business.signals, business.proposals, seed, line),
    }
    sign_ins = _sign_ins(company)
    staff = {one.name: one.key for one in company.staff}
    return World(
        size=size,
        seed=seed,
        timeline=line,
        tables=tables,
        playbook=playbook(company, line, sponsor=staff["Victor Hale"]),
        sign_ins=sign_ins,
        approver=staff["Sam Okafor"],
        keepers={team.name: team.chance_to_keep for team in company.teams},
    )
