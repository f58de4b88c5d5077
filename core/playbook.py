"""Playbooks: YAML whose every mistake is named with its line (CONTRACT section 4).

A room declares the parts it understands as `PLAYBOOK_PARTS`; a part first turns its node into a
typed value, then, once the whole file is sound, makes the database say the same. Applying a
playbook twice changes nothing the second time.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from core.calendars import FIRST_DAY, LAST_DAY
from core.errors import Invalid
from core.policy import Actor

if TYPE_CHECKING:
    import yaml

LONGEST_FILE = 1_000_000
DEEPEST = 20
HIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
SLUG = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
HOUR = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")

T = TypeVar("T")


@dataclass(frozen=True)
class Fault:
    """One mistake: where it stands and what it is."""

    line: int
    path: str
    message: str

    def __str__(self) -> str:
        where = f"line {self.line}" + (f", {self.path}" if self.path else "")
        return f"{where}: {self.message}"


class PlaybookError(Exception):
    """One mistake in a playbook; `read` gathers them into PlaybookRefused."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


class PlaybookRefused(Invalid):
    """The playbook cannot be used; `faults` lists every mistake found, in order of lines."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = sorted(faults, key=lambda fault: fault.line)
        super().__init__(
            "\n".join(map(str, self.faults)),
            code="bad_playbook",
            fix="Correct the lines named and apply the file again; nothing was changed.",
        )


@dataclass(frozen=True)
class Apply:
    """What a part may need to apply itself. `approve_as` is the person who approves contests."""

    programme_id: int
    actor: Actor
    now: datetime
    approve_as: int | None = None


@dataclass(frozen=True)
class PlaybookPart:
    """One top-level key of a playbook. `apply` says in sentences what it changed; none: nothing."""

    key: str
    order: int
    validate: Callable[["Node"], Any]
    apply: Callable[[Apply, Any], Sequence[str]]


@dataclass(frozen=True)
class PlaybookFollower:
    """Something an upper room sets right after a playbook was applied, in its transaction."""

    run: Callable[[int], None]


@dataclass(frozen=True)
class Node:
    """A value of the file that knows its line and path."""

    value: Any
    line: int
    path: str
    folder: Path

    def refuse(self, message: str) -> "PlaybookError":
        """The error to raise for this value: `raise node.refuse("...")`."""
        return PlaybookError(Fault(self.line, self.path, message))

    def each(self, parse: Callable[["Node"], T]) -> tuple[T, ...]:
        """Parse the items of a list; every faulty item is reported, not only the first."""
        if not isinstance(self.value, list):
            raise self.refuse("a list is wanted here")
        parsed: list[T] = []
        faults: list[Fault] = []
        for item in self.value:
            try:
                parsed.append(parse(item))
            except PlaybookError as error:
                faults.extend(error.faults)
        if faults:
            raise PlaybookError(*faults)
        return tuple(parsed)

    def fields(self, *known: str) -> "Fields":
        """The keys of a mapping; keys that are not known are refused by name."""
        if not isinstance(self.value, dict):
            raise self.refuse("a mapping (key: value) is wanted here")
        strange = [key for key in self.value if key not in known]
        if strange:
            raise PlaybookError(
                *(
                    Fault(
                        self.value[key].line,
                        self.path,
                        f"unknown key {key!r}; known here: {', '.join(known)}",
                    )
                    for key in strange
                )
            )
        return Fields(self)

    def scalar(self) -> Any:  # noqa: ANN401 - a YAML scalar is of any plain type
        """The plain value; lists and mappings are refused."""
        if isinstance(self.value, (list, dict)):
            raise self.refuse("a single value is wanted here")
        return self.value

    def text(self, longest: int = 500) -> str:
        """A text of 1 to `longest` characters, without control characters."""
        value = self.scalar()
        if not isinstance(value, str):
            raise self.refuse(f"a text is wanted, not {value!r}; put it in quotes")
        value = value.strip()
        if not value:
            raise self.refuse("the text is empty")
        if len(value) > longest:
            raise self.refuse(f"the text has {len(value)} characters; {longest} are allowed")
        if HIDDEN.search(value):
            raise self.refuse("the text holds a control character")
        return value

    def whole(self, low: int, high: int) -> int:
        """A whole number within low..high."""
        value = self.scalar()
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.refuse(f"a whole number is wanted, not {value!r}")
        if not low <= value <= high:
            raise self.refuse(f"{value} is outside {low} to {high}")
        return value

    def number(self, low: float, high: float) -> float:
        """A finite number within low..high."""
        value = self.scalar()
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.refuse(f"a number is wanted, not {value!r}")
        if not isfinite(value) or not low <= value <= high:
            raise self.refuse(f"{value} is outside {low:g} to {high:g}")
        return float(value)

    def flag(self) -> bool:
        """True or false."""
        value = self.scalar()
        if not isinstance(value, bool):
            raise self.refuse(f"true or false is wanted, not {value!r}")
        return value

    def day(self) -> date:
        """A date YYYY-MM-DD between 1970 and 2199."""
        value = self.scalar()
        if isinstance(value, str):
            try:
                value = date.fromisoformat(value)
            except ValueError:
                raise self.refuse(f"{value!r} is not a date; write YYYY-MM-DD") from None
        if isinstance(value, datetime) or not isinstance(value, date):
            raise self.refuse(f"a date is wanted, not {value!r}; write YYYY-MM-DD")
        if not FIRST_DAY <= value <= LAST_DAY:
            raise self.refuse(f"{value} is outside {FIRST_DAY} to {LAST_DAY}")
        return value

    def hour(self) -> time:
        """A time of day "HH:MM"; it must stand in quotes, or YAML reads a number."""
        value = self.scalar()
        match = HOUR.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise self.refuse(f'{value!r} is not a time of day; write "HH:MM" in quotes')
        return time(int(match[1]), int(match[2]))

    def choice(self, choices: Sequence[str]) -> str:
        """One of the known words."""
        value = self.scalar()
        # YAML 1.1 reads on, off, yes and no as true and false; say so instead of "True".
        if value not in choices or not isinstance(value, str):
            raise self.refuse(f"{value!r} is not one of {', '.join(choices)}")
        return value


@dataclass(frozen=True)
class Fields:
    """The keys of a mapping, read by type. A missing key gives the default, or is refused."""

    at: Node

    def has(self, key: str) -> bool:
        """Whether the key is there and not null."""
        return self.get(key) is not None

    def get(self, key: str) -> Node | None:
        """The node of a key; None when missing or null."""
        found: Node | None = self.at.value.get(key)
        return None if found is None or found.value is None else found

    def refuse(self, key: str, message: str) -> PlaybookError:
        """The error to raise about a key: `raise f.refuse("end", "...")`."""
        return (self.at.value.get(key) or self.at).refuse(message)

    def _read(self, key: str, parse: Callable[[Node], T], default: T | None, *, need: bool) -> Any:  # noqa: ANN401 - typed by the reader that calls
        found = self.get(key)
        if found is not None:
            return parse(found)
        if need:
            raise self.at.refuse(f"{key} is missing")
        return default

    def text(
        self, key: str, *, required: bool = False, longest: int = 500, default: str | None = None
    ) -> Any:  # noqa: ANN401 - str, or None where it is neither required nor given
        """A text (see Node.text)."""
        return self._read(key, lambda node: node.text(longest), default, need=required)

    def slug(self, key: str = "slug") -> str:
        """A required name for addresses: lower-case letters, digits, single - or _."""
        found: str = self._read(key, lambda node: node.text(80), None, need=True)
        if not SLUG.fullmatch(found):
            raise self.refuse(key, f"{found!r} is not a slug; use a-z, 0-9 and single - or _")
        return found

    def whole(
        self,
        key: str,
        *,
        low: int,
        high: int,
        required: bool = False,
        default: int | None = None,
    ) -> Any:  # noqa: ANN401 - int, or None where it is neither required nor given
        """A whole number (see Node.whole)."""
        return self._read(key, lambda node: node.whole(low, high), default, need=required)

    def number(
        self,
        key: str,
        *,
        low: float,
        high: float,
        required: bool = False,
        default: float | None = None,
    ) -> Any:  # noqa: ANN401 - float, or None where it is neither required nor given
        """A number (see Node.number)."""
        return self._read(key, lambda node: node.number(low, high), default, need=required)

    def flag(self, key: str, *, default: bool = False) -> bool:
        """True or false."""
        return bool(self._read(key, Node.flag, default, need=False))

    def day(self, key: str, *, required: bool = False, default: date | None = None) -> Any:  # noqa: ANN401 - date, or None where it is neither required nor given
        """A date (see Node.day)."""
        return self._read(key, Node.day, default, need=required)

    def time(self, key: str, *, required: bool = False, default: time | None = None) -> Any:  # noqa: ANN401 - time, or None where it is neither required nor given
        """A time of day (see Node.hour)."""
        return self._read(key, Node.hour, default, need=required)

    def choice(
        self,
        key: str,
        choices: Sequence[str],
        *,
        required: bool = False,
        default: str | None = None,
    ) -> Any:  # noqa: ANN401 - str, or None where it is neither required nor given
        """One of the known words."""
        return self._read(key, lambda node: node.choice(choices), default, need=required)

    def texts(
        self,
        key: str,
        *,
        choices: Sequence[str] | None = None,
        required: bool = False,
        default: Sequence[str] = (),
        longest: int = 120,
    ) -> tuple[str, ...]:
        """A list of texts, of the known words if `choices` are given; a word twice is refused."""
        found = self.get(key)
        if found is None:
            if required:
                raise self.at.refuse(f"{key} is missing")
            return tuple(default)
        words = found.each(
            lambda node: node.text(longest) if choices is None else node.choice(choices)
        )
        if required and not words:
            raise found.refuse(f"{key} is empty")
        if len(set(words)) < len(words):
            raise found.refuse("a word stands here twice")
        return words

    def node(self, key: str, *, required: bool = False) -> Node | None:
        """The node of a key, for parts with an inside of their own."""
        found = self.get(key)
        if found is None and required:
            raise self.at.refuse(f"{key} is missing")
        return found

    def each(self, key: str, parse: Callable[[Node], T]) -> tuple[T, ...]:
        """The parsed items of a list; a missing key is an empty list."""
        found = self.get(key)
        return () if found is None else found.each(parse)

    def file_text(self, key: str, *, longest: int = 100_000) -> str:
        """The text of a file named beside the playbook; it may not lie outside its folder."""
        found = self.node(key, required=True)
        assert found is not None  # noqa: S101 - node() refuses when required
        root = found.folder.resolve()
        path = (root / found.text(200)).resolve()
        if not path.is_relative_to(root):
            raise found.refuse("the file lies outside the playbook's folder")
        try:
            body = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise found.refuse(f"the file {path.name} cannot be read as UTF-8 text") from None
        if not body or len(body) > longest:
            raise found.refuse(f"the file {path.name} is empty or longer than {longest} characters")
        return body


def _join(path: str, key: object) -> str:
    return f"{path}.{key}" if path else str(key)


def _convert(raw: "yaml.Node", path: str, folder: Path, depth: int = 0) -> Node:
    """One YAML node with all below it; keys are texts, and none stands twice."""
    import yaml

    line = raw.start_mark.line + 1
    if depth > DEEPEST:
        raise PlaybookError(Fault(line, path, "nested too deeply"))
    if isinstance(raw, yaml.SequenceNode):
        items = [
            _convert(item, f"{path}[{number}]", folder, depth + 1)
            for number, item in enumerate(raw.value, start=1)
        ]
        return Node(items, line, path, folder)
    if isinstance(raw, yaml.MappingNode):
        return Node(_mapping(raw, path, folder, depth), line, path, folder)
    try:
        value = yaml.SafeLoader("").construct_object(raw)
    except (yaml.YAMLError, ValueError):
        raise PlaybookError(Fault(line, path, f"{raw.value!r} cannot be read")) from None
    return Node(value, line, path, folder)


def _mapping(raw: "yaml.MappingNode", path: str, folder: Path, depth: int) -> dict[str, Node]:
    import yaml

    found: dict[str, Node] = {}
    first_line: dict[str, int] = {}
    for key_node, value_node in raw.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise PlaybookError(Fault(line, path, "a key must be a plain word"))
        key = key_node.value
        if key in found:
            message = f"the key {key!r} stands here twice (first on line {first_line[key]})"
            raise PlaybookError(Fault(line, path, message))
        first_line[key] = line
        node = _convert(value_node, _join(path, key), folder, depth + 1)
        found[key] = Node(node.value, line, node.path, folder)
    return found


def _compose(text: str) -> "yaml.Node":
    """The YAML tree of a file; syntax errors, aliases and second documents are faults."""
    # Loaded where it is used: pages import the rooms' parts, but read no playbook.
    import yaml

    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                at = event.start_mark
                line = at.line + 1 if at is not None else 1
                raise PlaybookError(Fault(line, "", "aliases (*name) are not allowed"))
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark is not None else 1
        raise PlaybookError(
            Fault(line, "", f"not YAML: {error.problem or error.context}")
        ) from None
    except yaml.YAMLError as error:
        raise PlaybookError(Fault(1, "", f"not YAML: {error}")) from None
    if root is None:
        raise PlaybookError(Fault(1, "", "the file is empty"))
    return root


@dataclass(frozen=True)
class Playbook:
    """A sound playbook: the typed value of each part that stands in the file, in order of work."""

    values: tuple[tuple[PlaybookPart, Any], ...]
    fingerprint: str

    def changes(self, run: Apply) -> Iterator[tuple[str, str]]:
        """Apply every part in the caller's transaction; yields (part, what changed)."""
        for part, value in self.values:
            for change in part.apply(run, value):
                yield part.key, change


def read(path: Path, parts: Sequence[PlaybookPart]) -> Playbook:
    """Read and check a whole file; raises PlaybookRefused with every fault, changing nothing."""
    try:
        raw = path.read_bytes()
    except OSError:
        raise Invalid(
            f"The playbook {path} cannot be read.", field="file", fix="Check the path."
        ) from None
    return read_text(raw, parts, path.parent)


def read_text(raw: bytes, parts: Sequence[PlaybookPart], folder: Path) -> Playbook:
    """As `read`, from bytes; files that the playbook names are looked for in `folder`."""
    faults: list[Fault] = []
    values: list[tuple[PlaybookPart, Any]] = []
    by_key = {part.key: part for part in parts}
    try:
        root = _convert(_compose(_decode(raw)), "", folder)
        if not root.fields(*by_key).has("programme"):
            faults.append(Fault(root.line, "", "programme is missing"))
    except PlaybookError as error:
        raise PlaybookRefused(error.faults) from None
    for key, node in root.value.items():
        try:
            if node.value is not None:
                values.append((by_key[key], by_key[key].validate(node)))
        except PlaybookError as error:
            faults.extend(error.faults)
    if faults:
        raise PlaybookRefused(faults)
    values.sort(key=lambda pair: pair[0].order)
    return Playbook(tuple(values), hashlib.sha256(raw).hexdigest())


def _decode(raw: bytes) -> str:
    if len(raw) > LONGEST_FILE:
        raise PlaybookError(Fault(1, "", f"larger than {LONGEST_FILE:,} bytes"))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise PlaybookError(Fault(line, "", "not UTF-8 text")) from None
