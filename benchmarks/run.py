"""Run the benchmarks: `./pennant bench [--quick] [p1 p4 ...] [--only sqlite|postgres]`."""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import (
    fairness,
    freshness,
    p1_contest_page,
    p3_board_read,
    p4_api_ingest,
    p5_import,
    p6_sustained,
    p7_nightly,
    p8_rebuild,
    p9_fold,
    p11_start_and_memory,
    p12_pages,
    p13_monday,
)
from benchmarks.ground import Line, fresh
from tests import servers

ITEMS = {
    "p1": p1_contest_page.measure,
    "p3": p3_board_read.measure,
    "p4": p4_api_ingest.measure,
    "p5": p5_import.measure,
    "p6": p6_sustained.measure,
    "p7": p7_nightly.measure,
    "p8": p8_rebuild.measure,
    "p9": p9_fold.measure,
    "p11": p11_start_and_memory.measure,
    "p12": p12_pages.measure,
    "p13": p13_monday.measure,
    "fair": fairness.measure,
    "live": freshness.measure,
}
ENGINES = ("sqlite", "postgres")


def main() -> int:
    """Measure what was asked for and print it; returns 0 whether goals were reached or not."""
    parser = argparse.ArgumentParser(prog="./pennant bench", description=__doc__)
    parser.add_argument("items", nargs="*", choices=[*ITEMS, []], default=[])
    parser.add_argument("--quick", action="store_true", help="small sizes; ratios are rough")
    parser.add_argument(
        "--people", type=size, default=0, help="how many people `live` races with (4 to 100,000)"
    )
    parser.add_argument("--only", choices=ENGINES, help="one database only")
    asked = parser.parse_args()
    lines: list[Line] = []
    for engine in engines(asked.only):
        for item in asked.items or ITEMS:
            began = time.monotonic()
            with fresh(engine, quick=asked.quick, people=asked.people) as ground:
                found = ITEMS[item](ground)
            lines.extend(found)
            print(*found, sep="\n", flush=True)
            print(f"     ({item} on {engine} took {time.monotonic() - began:.0f} s)", flush=True)
    missed = sum(line.is_reached is False for line in lines)
    print(f"\n{len(lines)} lines, {missed} goals missed. Compare ratios, not seconds.")
    return 0


def size(text: str) -> int:
    """A size as typed; refused where no race comes of it."""
    people = int(text.replace(",", ""))
    if not 4 <= people <= 100_000:
        raise argparse.ArgumentTypeError("4 to 100,000 people make a race")
    return people


def engines(only: str | None) -> list[str]:
    """The databases to measure on; says so where there is no PostgreSQL."""
    chosen = [only] if only else list(ENGINES)
    if "postgres" in chosen:
        try:
            servers.find_postgres()
        except servers.Missing as missing:
            print(f"Measuring on SQLite only: {missing}")
            chosen.remove("postgres")
    return chosen


if __name__ == "__main__":
    sys.exit(main())
