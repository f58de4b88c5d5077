"""What the deal lists of CRMs have in common: owner, stage, amount, dates.

A closing date of a deal still open is a hope, not a fact: it is left out. A stage nobody can place
refuses its row instead of passing an open deal for a won one; `--word 'Ganada=won'` places it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from core.intake.directory import reference
from core.intake.exports.table import Field, Line, Table, kept
from core.intake.exports.written import currency_of
from core.intake.kinds import Part, Translated

OPEN, WON, LOST = "open", "won", "lost"
YES, NO = {"true", "1", "yes", "y"}, {"false", "0", "no", "n"}

# The stages the systems ship with, and how their translations call the two ends.
STAGES = {
    WON: "closed won|won|closedwon|ganada|ganado|cerrada ganada|cierre ganado|gewonnen|"
    "geschlossen und gewonnen|abgeschlossen und gewonnen|gagné|gagnée|fermée gagnée|"
    "clôturée gagnée|vinta|chiusa vinta|ganha|fechada e ganha|fechado ganho|gewonnen en gesloten",
    LOST: "closed lost|lost|closedlost|perdida|perdido|cerrada perdida|cierre perdido|verloren|"
    "geschlossen und verloren|abgeschlossen und verloren|perdu|perdue|fermée perdue|"
    "clôturée perdue|persa|chiusa persa|fechada e perdida|fechado perdido",
    OPEN: "open|prospecting|qualification|needs analysis|value proposition|id. decision makers|"
    "perception analysis|proposal/price quote|proposal|negotiation/review|negotiation|pipeline|"
    "appointment scheduled|qualified to buy|presentation scheduled|decision maker bought-in|"
    "contract sent|appointmentscheduled|qualifiedtobuy|presentationscheduled|"
    "decisionmakerboughtin|contractsent|pendiente|abierta|offen|ouverte|aperta|aberta",
}
PLACED = {name: stage for stage, names in STAGES.items() for name in names.split("|")}


@dataclass(frozen=True)
class DealFields:
    """The fields of one system's deals, and how it completes its own ids."""

    system: str
    fields: tuple[Field, ...]
    own_id: Callable[[str], str] = str


def deals_part(table: Table, deals: DealFields) -> Part:
    """The rows of a deal list as deals; columns the list lacks keep what is stored."""
    table.need_one_of("owner_ref", "owner_email", "owner")
    header = kept(
        {
            "deal_id": True,
            "person_id": True,
            "account": table.has("account"),
            "product": table.has("product"),
            "amount": table.has("amount"),
            "currency": table.has("currency") or bool(table.currencies),
            "stage": True,
            "created_on": table.has("created"),
            "closed_on": table.has("closed"),
        }
    )

    def make(line: Line) -> Iterator[Translated]:
        stage = _stage(line)
        closed = line.day("closed")
        yield (
            line.number,
            {
                "deal_id": deals.own_id(line.need("id")),
                "person_id": _owner(line, deals),
                "account": line["account"],
                "product": line["product"],
                "amount": line.amount("amount"),
                "currency": line["currency"] or currency_of(line["amount"]),
                "stage": stage,
                "created_on": line.day("created"),
                "closed_on": "" if stage == OPEN else closed,
            },
        )

    return table.part("deals", header, make)


def _owner(line: Line, deals: DealFields) -> str:
    """Whom the deal belongs to: by the system's id, by address, by name where nothing else is."""
    ref, mail = deals.own_id(line["owner_ref"]), line["owner_email"]
    ways = {deals.system: ref, "email": mail, "name": "" if ref or mail else line["owner"]}
    who = reference(**ways)
    if not who:
        name = next(name for name in ("owner", "owner_ref", "owner_email") if line.table.has(name))
        line.fault(
            name,
            "missing",
            "The deal has no owner. Give it one in the CRM, export and import it again.",
        )
    return who


def _stage(line: Line) -> str:
    """Open, won or lost: as whoever imports says, else as the system's own marks, else by name."""
    said = line.word("stage").casefold()
    if said in STAGES:
        return said
    won, closed = line["is_won"].casefold(), line["is_closed"].casefold()
    if won in YES:
        return WON
    if closed in YES and (won in NO or line.table.has("is_won")):
        return LOST
    if closed in NO:
        return OPEN
    if line["is_lost"].casefold() in YES:
        return LOST
    name = " ".join(line["stage"].casefold().split())
    if name in PLACED:
        return PLACED[name]
    if stage := _by_chance(line):
        return stage
    if line.need("stage"):
        line.fault(
            "stage",
            "unknown_status",
            f"Whether {line['stage'][:60]!r} is open, won or lost is not known. Say so with "
            f"--word '{line['stage'][:60]}=open' (or won, or lost), once for all its rows.",
        )
    return ""


def _by_chance(line: Line) -> str:
    """A probability of 0 or 100 percent is an end; anything between is a deal still open."""
    written = line["chance"].rstrip("% ")
    try:
        chance = float(written) if written.isascii() else -1
    except ValueError:
        return ""
    return WON if chance == 100 else LOST if chance == 0 else OPEN if 0 < chance < 100 else ""
