"""What the account lists of other systems have in common: people, and the ids those give them.

An account whose address the directory knows is that person: only the other system's id is added.
A last sign-in is a state, not history: however often such a list comes in, it makes no event.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from core.intake.directory import BY_EMAIL, Known, folded
from core.intake.exports.table import Line, Table
from core.intake.kinds import Part, Passed, Refused, Translated
from core.intake.problems import Problem

EXTERNAL_IDS = ("system", "ref", "person_id")
LAST_SEEN = (
    "The last sign-in is a state of today and makes no usage: it would count once per import. "
    "Import the sign-in history instead."
)


@dataclass(frozen=True)
class Account:
    """One account of a list: `key` is the person_id if nobody has the address yet."""

    line: int
    ref: str
    key: str
    email: str
    name: str
    more: Mapping[str, str] = field(default_factory=dict)
    boss: str = ""


Read = Callable[[Line], Account | Passed | None]


@dataclass
class Accounts:
    """A list read whole, sorted into people to store and ids to tie to people known already."""

    table: Table
    system: str
    columns: tuple[str, ...]
    rows: list[Account] = field(default_factory=list)
    others: list[Translated] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)

    def read(self, make: Read) -> None:
        """Read every line; `make` gives its account, or says why there is none."""
        for line in self.table.lines():
            if isinstance(line, Refused):
                self.others.append(line)
                continue
            found = make(line)
            if line.faults:
                self.others.append(Refused(tuple(line.faults)))
            elif isinstance(found, Account):
                self.rows.append(found)
            elif found is not None:
                self.others.append(found)

    def parts(self) -> Iterator[Part]:
        """People first, then what the system calls each of them."""
        owners = self._owners()
        yield Part(
            "people",
            self.table.name,
            self._people(owners),
            self.notes,
            header=self._header(),
            facts=self.table.facts,
        )
        yield Part(
            "external_ids",
            self.table.name,
            self._ids(owners),
            header=EXTERNAL_IDS,
            facts=self.table.facts,
        )

    def _ids(self, owners: Mapping[str, str]) -> Iterator[Translated]:
        """The ids of everybody who is in the directory by now; who was refused has none."""
        directory = self.table.asked.directory
        for row in self.rows:
            key = owners[row.ref]
            if directory.person(f"id:{key}"):
                yield (
                    row.line,
                    dict(zip(EXTERNAL_IDS, (self.system, row.ref, key), strict=True)),
                )

    def _header(self) -> tuple[str, ...]:
        return ("person_id", "email", "name", "role", *self.columns)

    def _known(self, row: Account) -> Known | None:
        directory = self.table.asked.directory
        by_id = directory.person(f"{self.system}:{row.ref}") or directory.person(f"id:{row.key}")
        return by_id or (directory.person(f"{BY_EMAIL}:{row.email}") if row.email else None)

    def _owners(self) -> dict[str, str]:
        """Each account's person: known already, the first of the list with the address, or new."""
        first: dict[str, str] = {}
        owners: dict[str, str] = {}
        for row in self.rows:
            known = self._known(row)
            key = known.key if known else first.setdefault(folded(row.email) or row.key, row.key)
            owners[row.ref] = key
        return owners

    def _people(self, owners: Mapping[str, str]) -> Iterator[Translated]:
        yield from self.others
        bosses = {row.boss for row in self.rows if row.boss}
        directory = self.table.asked.directory
        for row in self.rows:
            key = owners[row.ref]
            if key != row.key:
                yield Passed(
                    row.line, None, row.email, "accounts of people known already", _tied(row, key)
                )
                continue
            known = directory.person(f"id:{key}")
            role = known.role if known else "manager" if row.ref in bosses else "rep"
            boss = owners.get(row.boss) or row.boss
            values = {"person_id": key, "email": row.email, "name": row.name, "role": role}
            yield row.line, {**values, **row.more, "manager_id": "" if boss == key else boss}

    def note(self, line: int, column: str, code: str, value: str, message: str) -> None:
        """Say something about a row that comes in all the same."""
        self.notes.append(Problem(line, column, code, value, message, refuses=False))


def _tied(row: Account, key: str) -> str:
    return (
        f"{row.email or row.ref} is {key} in the directory already. Their record there stays as it "
        "is; the account's id now finds them."
    )


def note_last_seen(accounts: Accounts, table: Table, name: str) -> None:
    """Say once for the file that its last sign-ins make no usage."""
    if table.has(name):
        accounts.note(1, table.written(name), "not_counted", "", LAST_SEEN)


def full_name(parts: Sequence[str]) -> str:
    """A name from its parts."""
    return " ".join(part for part in parts if part)
