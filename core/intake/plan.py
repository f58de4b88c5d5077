"""Which file is which kind, and in what order files go in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.intake.blocks import SUFFIXES
from core.intake.kinds import ImportKind


@dataclass(frozen=True)
class Task:
    """A file to take in as a kind; no kind means its name did not tell."""

    path: Path
    kind: str | None
    label: str


def kind_of_name(path: Path, kinds: Iterable[str]) -> str | None:
    """The kind a file's name states: its stem, or the stem's first word (usage-2026-03.csv)."""
    stem = path.name.lower().split(".")[0]
    names = frozenset(kinds)
    if stem in names:
        return stem
    word = stem.replace("_", "-").replace(" ", "-").split("-")[0]
    return word if word in names else None


def plan(
    paths: Sequence[Path], kinds: Mapping[str, ImportKind], as_kind: str | None = None
) -> tuple[list[Task], list[str]]:
    """Files in the order their kinds need, and the names of files in folders that are no kind's."""
    tasks: list[Task] = []
    skipped: list[str] = []
    for path in paths:
        if not path.is_dir():
            tasks.append(Task(path, as_kind or kind_of_name(path, kinds), path.name))
            continue
        for inside in sorted(path.iterdir()):
            kind = as_kind or kind_of_name(inside, kinds)
            is_ours = inside.is_file() and inside.name.lower().endswith(SUFFIXES)
            if is_ours and kind is not None:
                tasks.append(Task(inside, kind, inside.name))
            else:
                skipped.append(inside.name)
    order = {name: place for place, name in enumerate(kinds)}
    tasks.sort(key=lambda task: order.get(task.kind or "", len(order)))
    return tasks, skipped
