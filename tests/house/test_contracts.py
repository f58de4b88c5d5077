"""The floors hold: in imports, at the doors and in the templates."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOMS, ROOT

DOORS = ("routes", "api", "panels", "jobs", "cli")
SHARED = frozenset({"shared", "core"})
# Rooms on one floor never look at each other; the later one stands higher in ROOMS only by order.
NEIGHBOURS = {"coaching": "incentives"}
TEMPLATE_USE = re.compile(
    r"""\{%-?\s*(?:extends|include|import|from)\s+['"](?P<path>[^'"/]+)/"""
    r"""|url_for\(\s*['"](?P<endpoint>[a-z_]+)\."""
)


def door_files() -> Iterator[tuple[str, Path]]:
    """Every door of every room, as (room, file)."""
    for room in ROOMS[1:]:
        for door in DOORS:
            single = ROOT / room / f"{door}.py"
            found = [single] if single.exists() else sorted((ROOT / room / door).glob("*.py"))
            yield from ((room, path) for path in found)


def imported_rooms(path: Path) -> set[str]:
    """The rooms a file imports from."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names & set(ROOMS)


def templates() -> list[Path]:
    return sorted(path for path in (ROOT / "templates").rglob("*") if path.is_file())


def foreign_uses(path: Path) -> list[str]:
    """What a template takes from a room above its own floor."""
    room = path.relative_to(ROOT / "templates").parts[0]
    floor = 0 if room in SHARED else ROOMS.index(room)
    used = {
        match["path"] or match["endpoint"] for match in TEMPLATE_USE.finditer(path.read_text())
    } - {"shared"}
    beside = {NEIGHBOURS.get(room, "")}
    above = {name for name in used if name in ROOMS and ROOMS.index(name) > floor}
    return sorted(above | (used & beside))


def test_import_contracts_hold():
    tool = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [tool, "--config", "importlinter.ini", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]


def test_a_door_opens_only_into_its_own_room_and_core():
    wrong = {
        str(path.relative_to(ROOT)): sorted(foreign)
        for room, path in door_files()
        if (foreign := imported_rooms(path) - {room, "core"})
    }
    assert wrong == {}


def test_core_knows_no_room():
    wrong = {
        str(path.relative_to(ROOT)): sorted(rooms)
        for path in (ROOT / "core").rglob("*.py")
        if (rooms := imported_rooms(path) - {"core"})
    }
    assert wrong == {}


@pytest.mark.parametrize("path", templates(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_uses_nothing_from_a_higher_room(path):
    assert foreign_uses(path) == []


def test_only_the_settings_file_reads_the_environment():
    readers = [
        str(path.relative_to(ROOT))
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        if re.search(r"\bos\.(environ|getenv)\b", path.read_text())
    ]
    assert readers == []
