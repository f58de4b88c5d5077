"""Who works at the demo company: staff, manager teams, reps with dates, moves and absences."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp
from random import Random

from demo.dates import LAUNCH, WAVES, Timeline
from demo.names import CHANNELS, FIRST_NAMES, LAST_NAMES, MAIL_DOMAIN, REGIONS
from demo.parameters import (
    LARGEST_TEAM,
    LEAVER_SHARE,
    MOVER_SHARE,
    SMALLEST_TEAM,
    WAVE_SHARES,
    Size,
)

NEVER_ENDS = 10**6
"""Day index beyond every horizon: still employed, still on the team."""

MARCUS = "Team Marcus"
PRIYA = "Team Priya"


@dataclass
class Staff:
    """Anyone who is not a rep."""

    key: str
    name: str
    email: str
    role: str
    zone: str
    manager_key: str = ""
    team: str = ""


@dataclass
class Team:
    """A manager team; `half` and `pilot` are drawn by lot, `wave` decides when it gets the tool."""

    name: str
    region: int
    manager_key: str
    manager_quality: float
    seats: int = 0
    half: str = "A"
    wave: int = 0
    pilot: bool = False

    @property
    def storied(self) -> bool:
        """Whether the team belongs to one of the two managers of the weekly loop."""
        return self.name in (MARCUS, PRIYA)

    @property
    def chance_to_keep(self) -> float:
        """How likely its manager keeps the weekly loop: the better the manager, the likelier."""
        storied = {MARCUS: 0.12, PRIYA: 0.95}
        return storied.get(self.name, 1 / (1 + exp(-0.1 - 1.4 * self.manager_quality)))


@dataclass
class Rep:
    """A rep with latent traits; days are indexes on the timeline (negative: before it)."""

    key: str
    name: str
    email: str
    zone: str
    channel: str
    hired: int
    enabled: int
    teams: list[tuple[Team, int, int]]
    skill: float
    openness: float
    personal: float
    left: int = NEVER_ENDS
    """Index of the last day employed."""
    absences: list[tuple[int, int]] = field(default_factory=list)
    away: set[int] = field(default_factory=set)
    part: str = ""
    """A part in the weekly loop's story: runner, late, idle; empty for everybody else."""
    is_test: bool = False
    role: str = "rep"

    @property
    def start(self) -> int:
        """METRICS P3: the later of hire and enablement."""
        return max(self.hired, self.enabled)

    def team_on(self, day: int) -> Team:
        """The team on a day (METRICS P7; moves never overlap here)."""
        for team, start, end in self.teams:
            if start <= day < end:
                return team
        return self.teams[-1][0]


@dataclass
class Company:
    """Everybody, before anything has happened."""

    staff: list[Staff]
    teams: list[Team]
    reps: list[Rep]


class _Names:
    """Hands out names and mail addresses; an address is never given twice."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._taken: dict[str, int] = {}

    def any(self) -> tuple[str, str]:
        return self.fixed(
            self._random.choice(FIRST_NAMES) + " " + self._random.choice(LAST_NAMES),
        )

    def fixed(self, name: str) -> tuple[str, str]:
        stem = name.lower().replace(" ", ".")
        again = self._taken.get(stem, 0)
        self._taken[stem] = again + 1
        suffix = str(again + 1) if again else ""
        return name, f"{stem}{suffix}@{MAIL_DOMAIN}"


class _Keys:
    """Hands out person keys P0001, P0002, ..."""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> str:
        self._last += 1
        return f"P{self._last:04d}"


def _staff_above_teams(size: Size, names: _Names, keys: _Keys) -> tuple[list[Staff], list[Staff]]:
    """Executives, sales ops, administrator; then one director for each region."""
    zone = REGIONS[0][1]
    staff: list[Staff] = []
    for name, role in (
        ("Victor Hale", "executive"),
        ("Elena Marsh", "executive"),
        ("Sam Okafor", "sales_ops"),
        ("Ruth Lindgren", "sales_ops"),
        ("Noor Haddad", "sales_ops"),
        ("Ada Quist", "admin"),
    ):
        known, email = names.fixed(name)
        above = staff[0].key if staff else ""
        staff.append(Staff(keys.next(), known, email, role, zone, above))
    directors = []
    for number in range(size.regions):
        known, email = names.fixed("Helen Ortega") if number == 0 else names.any()
        directors.append(
            Staff(keys.next(), known, email, "director", REGIONS[number][1], staff[0].key)
        )
    return staff, directors


def _seat_counts(size: Size, random: Random) -> list[int]:
    """Team sizes between 5 and 15 that add up to the reps at the start."""
    seats = [random.randint(SMALLEST_TEAM, LARGEST_TEAM) for _ in range(size.teams)]
    step = 1 if sum(seats) < size.reps_at_start else -1
    while sum(seats) != size.reps_at_start:
        place = random.randrange(size.teams)
        if SMALLEST_TEAM <= seats[place] + step <= LARGEST_TEAM - 1:
            seats[place] += step
    return seats


def _teams(
    size: Size, random: Random, names: _Names, keys: _Keys, directors: list[Staff]
) -> tuple[list[Team], list[Staff]]:
    """Marcus and Priya in the first region, then the rest region by region."""
    managers = []
    teams = []
    used: set[str] = set()

    def add(name: str, email: str, title: str, region: int, quality: float, seats: int) -> None:
        key = keys.next()
        above = directors[region].key
        managers.append(Staff(key, name, email, "manager", REGIONS[region][1], above, title))
        teams.append(Team(title, region, key, quality, seats))

    add(*names.fixed("Marcus Field"), MARCUS, 0, -0.2, 5)
    add(*names.fixed("Priya Raman"), PRIYA, 0, 1.2, 5)
    for number, seats in enumerate(_seat_counts(size, random)):
        region = number % size.regions
        while True:
            name, email = names.any()
            title = f"{REGIONS[region][0]} {name.split()[1]}"
            if title not in used:
                break
        used.add(title)
        add(name, email, title, region, random.gauss(0, 1), seats)
    return teams, managers


def _draw_lots(teams: list[Team], random: Random) -> None:
    """Waves by shares of heads, contest halves stratified by size, a pilot in every tenth team."""
    free = [team for team in teams if not team.storied]
    random.shuffle(free)
    heads = sum(team.seats for team in teams)
    seated = sum(team.seats for team in teams if team.storied)
    first, second = WAVE_SHARES[0] * heads, (WAVE_SHARES[0] + WAVE_SHARES[1]) * heads
    for team in free:
        middle = seated + team.seats / 2
        team.wave = 0 if middle < first else 1 if middle < second else 2
        seated += team.seats
    by_size = sorted(free, key=lambda team: team.seats)
    for place in range(0, len(by_size), 2):
        pair = by_size[place : place + 2]
        random.shuffle(pair)
        for team, half in zip(pair, "AB", strict=False):
            team.half = half
    storied = [team for team in teams if team.storied]
    storied[0].half, storied[1].half = "A", "B"
    for team in random.sample(free, max(1, len(free) // 10)):
        team.pilot = True


def _rep(
    random: Random, names: _Names, keys: _Keys, team: Team, hired: int, enabled: int, name: str = ""
) -> Rep:
    """One rep of a team; openness correlates with skill at .75 (METRICS section 6)."""
    skill = max(-2.4, min(2.4, random.gauss(0, 1)))
    known, email = names.fixed(name) if name else names.any()
    return Rep(
        key=keys.next(),
        name=known,
        email=email,
        zone=REGIONS[team.region][1],
        channel=random.choice(CHANNELS),
        hired=hired,
        enabled=enabled,
        teams=[(team, max(hired, -300), NEVER_ENDS)],
        skill=skill,
        openness=0.75 * skill + 0.6614 * random.gauss(0, 1),
        personal=random.gauss(0, 1),
    )


_STORIED = {
    MARCUS: (
        ("Dan Whitlock", "late"),
        ("Grace Imai", "runner"),
        ("Leo Strand", "idle"),
        ("Hannah Pike", "idle"),
        ("Owen Castle", "idle"),
    ),
    PRIYA: (
        ("Maya Torres", "runner"),
        ("Ben Adeyemi", "runner"),
        ("Chloe Novak", "runner"),
        ("Isaac Wong", "runner"),
        ("Peter Lowe", "idle"),
    ),
}


def _storied_rep(
    random: Random, names: _Names, keys: _Keys, team: Team, timeline: Timeline, place: int
) -> Rep:
    """A rep of Marcus or Priya: known by name, never away in the months the story is told."""
    name, part = _STORIED[team.name][place]
    rep = _rep(random, names, keys, team, -700 - 90 * place, timeline.index(LAUNCH), name)
    rep.part = part
    rep.openness = -1.6 if part == "idle" else 1.4
    rep.skill = -0.4 if part == "idle" else 0.8
    rep.personal = 0.0
    return rep


def _reps(
    size: Size, teams: list[Team], random: Random, names: _Names, keys: _Keys, timeline: Timeline
) -> list[Rep]:
    reps = []
    for team in teams:
        enabled = timeline.index(WAVES[team.wave])
        for place in range(team.seats):
            if team.storied:
                reps.append(_storied_rep(random, names, keys, team, timeline, place))
            else:
                hired = -random.randint(60, 4000)
                reps.append(_rep(random, names, keys, team, hired, enabled))
    free = [team for team in teams if not team.storied]
    for _ in range(size.hires):
        team = random.choice([team for team in free if team.seats < LARGEST_TEAM])
        team.seats += 1
        hired = random.randint(timeline.index(LAUNCH), timeline.length - 10)
        while not timeline.working[hired]:
            hired += 1
        enabled = max(hired + random.randint(2, 9), timeline.index(WAVES[team.wave]))
        reps.append(_rep(random, names, keys, team, hired, enabled))
    return reps


def _leave_and_move(reps: list[Rep], teams: list[Team], random: Random, timeline: Timeline) -> None:
    """Some reps leave after launch, some others change to another team of their region."""
    launch = timeline.index(LAUNCH)
    free = [rep for rep in reps if not rep.part and rep.hired < launch]
    leavers = random.sample(free, round(LEAVER_SHARE * len(reps)))
    for rep in leavers:
        rep.left = random.randint(launch + 14, timeline.length - 8)
    gone = {rep.key for rep in leavers}
    staying = [rep for rep in free if rep.key not in gone]
    for rep in random.sample(staying, round(MOVER_SHARE * len(reps))):
        old, start, _ = rep.teams[0]
        others = [
            team
            for team in teams
            if team.region == old.region and not team.storied and team is not old
        ]
        if others:
            moved = random.randint(launch + 35, timeline.length - 45)
            rep.teams = [(old, start, moved), (random.choice(others), moved, NEVER_ENDS)]


def _absences(rep: Rep, random: Random, timeline: Timeline) -> None:
    """One to four short leaves, now and then a long one; never two at a time."""
    lengths = [random.choice((1, 2, 4, 5, 5, 7, 10, 12)) for _ in range(random.randint(1, 4))]
    if random.random() < 0.025:
        lengths.append(random.randint(40, 90))
    for length in lengths:
        start = random.randrange(timeline.length)
        days = range(start, start + length)
        if rep.away.isdisjoint(days) and start >= rep.hired and start + length <= rep.left:
            rep.absences.append((start, start + length - 1))
            rep.away.update(days)
    rep.absences.sort()


def build(size: Size, seed: int, timeline: Timeline) -> Company:
    """The whole company, the same for the same size, seed and timeline."""
    random = Random(f"{seed}:company")
    names, keys = _Names(Random(f"{seed}:names")), _Keys()
    staff, directors = _staff_above_teams(size, names, keys)
    teams, managers = _teams(size, random, names, keys, directors)
    _draw_lots(teams, random)
    reps = _reps(size, teams, random, names, keys, timeline)
    _leave_and_move(reps, teams, random, timeline)
    for rep in reps:
        if not rep.part:
            _absences(rep, random, timeline)
    for name in ("Test Account", "Training Sandbox"):
        rep = _rep(random, names, keys, teams[0], -100, timeline.index(LAUNCH), name)
        rep.is_test = True
        reps.append(rep)
    return Company(staff=staff + directors + managers, teams=teams, reps=reps)
