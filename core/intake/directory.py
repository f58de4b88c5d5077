"""Finding the person an export means: by e-mail, by another system's id, or by name alone.

A translated row says whom it means in `person_id` as a reference: `email:ann@example.org`,
`salesforce:0055...`, `name:Ann Lee`, or several of them in the order to try, joined by ` | `. A
name that several people bear finds nobody: the row is set aside rather than given to one of them.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

JOINT = " | "
BY_EMAIL, BY_NAME, BY_KEY = "email", "name", "id"
_REFERENCE = re.compile(r"[a-z][a-z0-9-]{0,39}:.", re.DOTALL)


@dataclass(frozen=True)
class Known:
    """Somebody in the directory; `refs` are their ids in other systems, like salesforce:0055..."""

    key: str
    email: str
    name: str
    role: str = "rep"
    refs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """Whom a reference means: a key, or nobody and why."""

    key: str = ""
    code: str = "unknown_person"
    message: str = ""


def folded(name: str) -> str:
    """A name as it is compared: composed, in one case, blanks squeezed."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


@lru_cache(maxsize=1 << 16)
def reference(**ways: str) -> str:
    """A reference from ways to find the person in the order to try; empty ones are left out."""
    return JOINT.join(f"{way}:{value.strip()}" for way, value in ways.items() if value.strip())


def is_reference(cell: str) -> bool:
    """Whether a cell is a reference, and not somebody's person_id as it stands."""
    return ":" in cell and bool(_REFERENCE.match(cell))


def ways_of(reference_: str) -> list[str]:
    """The ways of a reference, each with its system: `email:ann@example.org`."""
    return reference_.split(JOINT)


class Directory:
    """Everybody, by every name an export may call them; looked up when first asked."""

    def __init__(self, everybody: Callable[[], Iterable[Known]] = tuple) -> None:
        self._everybody = everybody
        self._is_read = False
        self.forget()

    def forget(self) -> None:
        """People came or changed: look them up anew when next asked."""
        self._is_read = False
        self.by_key: dict[str, Known] = {}
        self._one: dict[str, str] = {}
        self._named: dict[str, list[str]] = defaultdict(list)

    def _read(self) -> None:
        if self._is_read:
            return
        self._is_read = True
        for person in self._everybody():
            self.by_key[person.key] = person
            self._one[f"{BY_EMAIL}:{person.email.casefold()}"] = person.key
            self._named[folded(person.name)].append(person.key)
            for ref in person.refs:
                self._one[ref] = person.key

    def person(self, reference_: str) -> Known | None:
        """Whom a reference means, or None."""
        found = self.find(reference_)
        return self.by_key.get(found.key)

    def find(self, reference_: str) -> Found:
        """Try each way in turn; the first that names anybody decides."""
        self._read()
        for way in ways_of(reference_):
            system, _colon, value = way.partition(":")
            if system == BY_NAME:
                bearers = self._named.get(folded(value), [])
                if len(bearers) > 1:
                    return _ambiguous(value, bearers)
                if bearers:
                    return Found(bearers[0])
                continue
            wanted = f"{system}:{value.casefold()}" if system == BY_EMAIL else way
            key = self._one.get(wanted)
            if key is None and system != BY_EMAIL and value in self.by_key:
                key = value
            if key is not None:
                return Found(key)
        return Found(
            message=f"Nobody in the directory is {shown_reference(reference_)}. The row waits: "
            "import the person, or tie the id to somebody with an external_ids file."
        )


def _ambiguous(name: str, bearers: Sequence[str]) -> Found:
    some = ", ".join(sorted(bearers)[:5])
    return Found(
        code="ambiguous_name",
        message=f"{len(bearers)} people are called {name} ({some}). The row waits: export the "
        "e-mail address or the owner's id as well, and import it again.",
    )


def shown_reference(reference_: str) -> str:
    """A reference in words."""
    return " or ".join(
        f"{'person_id' if system == BY_KEY else system} {value}"
        for system, _colon, value in (way.partition(":") for way in reference_.split(JOINT))
    )
