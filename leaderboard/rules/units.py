"""Who races: manager teams, persons, named lists of people; and the divisions they are ranked in.

A unit is known by its kind and a key: a team's id, a person's id, or the id of a board's own side.
The kind belongs to the board, so a row of a board holds the key alone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

DIVISION_SIZE = 8
LEAST_IN_DIVISION = 2


class UnitKind(StrEnum):
    """What a board ranks. `division` is manager teams ranked in groups of their like."""

    TEAM = "team"
    PERSON = "person"
    ADHOC = "adhoc"
    DIVISION = "division"

    @property
    def is_team(self) -> bool:
        """Whether its keys are teams' ids."""
        return self in {UnitKind.TEAM, UnitKind.DIVISION}


class DivisionBy(StrEnum):
    """What units of one division have in common: how many they are, or how they did before."""

    SIZE = "size"
    PAST = "past"


class TieBreak(StrEnum):
    """What parts equal scores, where the contest said so before its start (CONTESTS case 20)."""

    SUSTAINED = "sustained_share"
    LOOP = "loop_discipline"
    TIME = "time_of_reaching"


@dataclass(frozen=True)
class Units:
    """How a person and the team of a date become the unit that gets the credit.

    `teams` None means every team; `sides` says person -> side and is empty unless sides are named.
    """

    kind: UnitKind = UnitKind.TEAM
    teams: frozenset[int] | None = None
    sides: Mapping[int, int] = field(default_factory=dict)

    @property
    def needs_no_team(self) -> bool:
        """Whether a date without a team counts as well."""
        return self.kind is UnitKind.ADHOC or (self.kind is UnitKind.PERSON and self.teams is None)

    def of(self, person_id: int, team_id: int | None) -> int | None:
        """The unit of a date on which the person was in this team (None: in none)."""
        if self.kind is UnitKind.ADHOC:
            return self.sides.get(person_id)
        if self.kind.is_team:
            return team_id
        if self.teams is None or team_id in self.teams:
            return person_id
        return None


@dataclass(frozen=True)
class DivisionPlan:
    """How a board is cut into divisions; `of` is about how many units each is to have."""

    by: DivisionBy = DivisionBy.SIZE
    of: int = DIVISION_SIZE


@dataclass(frozen=True)
class Division:
    """Units ranked among themselves."""

    name: str
    unit_ids: tuple[int, ...]


def divisions(plan: DivisionPlan, values: Mapping[int, Fraction]) -> tuple[Division, ...]:
    """Cut the units into groups of their like, largest values first, sizes within one of another.

    `values` says what is compared: reps at publish, or the steadied points a rep-day of the days
    before. Equal values at a border fall by id: that decides whom one meets, never a place.
    """
    order = sorted(values, key=lambda unit_id: (-values[unit_id], unit_id))
    found = []
    for number, size in enumerate(division_sizes(len(order), plan.of), start=1):
        group, order = order[:size], order[size:]
        found.append(Division(f"Division {number}", tuple(group)))
    return tuple(found)


def division_sizes(units: int, of: int) -> tuple[int, ...]:
    """How many units each division has: about `of`, two at least, the first ones one more."""
    count = int(Fraction(units, of) + Fraction(1, 2))
    count = max(1, min(count, units // LEAST_IN_DIVISION))
    least, over = divmod(units, count)
    return tuple(least + (number < over) for number in range(count))


def by_unit(found: Iterable[Division]) -> dict[int, str]:
    """Each unit's division."""
    return {unit_id: division.name for division in found for unit_id in division.unit_ids}


def stored_divisions(found: Iterable[Division]) -> list[dict[str, object]]:
    """The form `divisions_from` reads."""
    return [{"name": each.name, "units": list(each.unit_ids)} for each in found]


def divisions_from(stored: Iterable[Mapping[str, object]] | None) -> tuple[Division, ...]:
    """Divisions as kept with a board."""
    found = []
    for each in stored or ():
        units = each["units"]
        ids = tuple(int(str(ident)) for ident in units) if isinstance(units, list) else ()
        found.append(Division(str(each["name"]), ids))
    return tuple(found)
