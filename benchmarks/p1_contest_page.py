"""P1: the contest page of a large company, signed in, against a bare page on the same server."""

import http.client
import re
import urllib.parse
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from benchmarks.ground import MARK, Ground, Line, requests_per_second
from benchmarks.world import PLAYBOOK, add_people, person_key
from tests.servers import served

PEOPLE, TEAMS = 10_000, 500
QUICK_PEOPLE, QUICK_TEAMS = 1_000, 50
SEEN_FIRST = "contest page, first look of readers who all differ"
SEEN_ANEW, SEEN_AGAIN = "contest page, worked out for its reader", "contest page, looked at again"
UNCHANGED = "contest page, polled while unchanged (P2)"
GOALS = {SEEN_FIRST: 0.4, SEEN_ANEW: 0.4, SEEN_AGAIN: 0.4, UNCHANGED: 0.8}
PEER_GOAL = 10
PASSWORD = "a long benchmark password 1"
JOBS = ("roll-up-usage", "judge-adoption", "open-close-contests", "refresh-boards")
CONTEST = """
contests: [{slug: race, title: Race, unit: team, teams: all, start: %(start)s, end: %(end)s,
  mode: participation, target_days: 2, min_team_size: 3, baseline_days: 28, freeze_hours: 24,
  rules: [{kind: guided_use, points: 10, daily_cap: 3, decay: 1.0, unique: object_day}],
  prizes: [{place: 1, title: Team dinner, cost: 50000, reserve_score: 0.4}]}]
"""


def playbook() -> str:
    """The programme with one contest that began a fortnight ago and runs a fortnight more."""
    today = datetime.now(UTC).date()
    dates = {
        "start": (today - timedelta(days=13)).isoformat(),
        "end": (today + timedelta(days=14)).isoformat(),
    }
    return PLAYBOOK + CONTEST % dates


def usage_rows(people: int) -> Iterator[tuple[str, str, str, str, str]]:
    """Three days of use for two reps in three, within the contest."""
    began = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) - timedelta(
        days=12
    )
    for number in range(people):
        for turn in range(3 if number % 3 else 1):
            moment = began + timedelta(days=(number + 3 * turn) % 12, seconds=number % 3600)
            yield (
                f"u{number}-{turn}",
                person_key(number),
                "guided_use",
                moment.isoformat(),
                f"o{turn}",
            )


# Everybody signed in: sessions as the app keeps them, cookies as it signs them.
SIGN_ALL_IN = """
import secrets, sys
from datetime import UTC, datetime, timedelta
from app import create_app
from core.db import bulk_insert, db, transaction
from people.models import Account, AuthSession, Person
from people.services import hash_of
app = create_app()
now = datetime.now(UTC)
with app.app_context():
    reps = db.session.scalars(db.select(Person.id).where(Person.role == "rep")).all()
    had = set(db.session.scalars(db.select(Account.person_id)))
    signer = app.session_interface.get_signing_serializer(app)
    raws = {rep: secrets.token_urlsafe(32) for rep in reps if rep not in had}
    with transaction():
        bulk_insert(Account, [{"person_id": rep, "password_hash": "none", "version": 1}
                              for rep in raws])
        bulk_insert(AuthSession, [{"id_hash": hash_of(raw), "person_id": rep, "account_version": 1,
                                   "created_at": now, "seen_at": now,
                                   "expires_at": now + timedelta(days=7)}
                                  for rep, raw in raws.items()])
    cookies = [signer.dumps({"_user_id": raw, "_fresh": True, "csrf_token": secrets.token_hex(20)})
               for raw in raws.values()]
secrets.SystemRandom().shuffle(cookies)
print("\\n".join(app.config["SESSION_COOKIE_NAME"] + "=" + cookie for cookie in cookies))
"""


def measure(ground: Ground) -> list[Line]:
    """Serve bare and real pages by turns, twice, and compare the better ones.

    A first look is a session's first request of a server that never saw it. An address never asked
    for before is put together anew for its reader, too, out of parts others may have shared.
    """
    people, teams = (QUICK_PEOPLE, QUICK_TEAMS) if ground.quick else (PEOPLE, TEAMS)
    seconds = 2.0 if ground.quick else 6.0
    furnish(ground, people, teams)
    everybody = ground.script(SIGN_ALL_IN).out.split()
    bare, summed, rates = 0.0, 0.0, dict.fromkeys(GOALS, 0.0)
    for turn in range(1 if ground.quick else 2):
        with served(ground.env, "benchmarks.bare:app", "/") as (port, _server):
            bare = max(bare, requests_per_second(port, request("/"), seconds))
        with served(ground.env, "benchmarks.scoreboard:app", "/") as (port, _server):
            summed = max(summed, requests_per_second(port, request("/"), seconds))
        with served(ground.env) as (port, _server):
            cookie = sign_in(port, f"r{people // 2}@example.test")
            first = request("/contests/race", Cookie=MARK)
            rate = requests_per_second(port, first, seconds, everybody[turn::2])
            rates[SEEN_FIRST] = max(rates[SEEN_FIRST], rate)
            asked = {
                SEEN_ANEW: request(f"/contests/race?seen={MARK}", Cookie=cookie),
                SEEN_AGAIN: request("/contests/race", Cookie=cookie),
                UNCHANGED: request(
                    "/contests/race",
                    Cookie=cookie,
                    If_None_Match=entity_tag(port, "/contests/race", cookie),
                ),
            }
            for what, sent in asked.items():
                rates[what] = max(rates[what], requests_per_second(port, sent, seconds))
    size = f"{people:,} people, {teams} teams, bare page {bare:,.0f}/s"
    lines = [
        line(ground.engine, f"{what} {rate:,.0f}/s", rate / bare, GOALS[what])
        for what, rate in rates.items()
    ]
    times = rates[SEEN_ANEW] / summed
    lines.append(
        Line(
            "P1",
            ground.engine,
            f"{SEEN_ANEW} / a scoreboard summed by SQL {summed:,.1f}/s",
            f"{times:.0f} x",
            f">= {PEER_GOAL} x",
            times >= PEER_GOAL,
        )
    )
    return [*lines, Line("P1", ground.engine, f"measured with {size}", "", "")]


def line(engine: str, what: str, ratio: float, goal: float) -> Line:
    """One kind of request against the bare page."""
    return Line("P1", engine, what, f"{ratio:.2f} x", f">= {goal} x", ratio >= goal)


def furnish(ground: Ground, people: int, teams: int) -> None:
    """Bring company, contest and usage in, run the jobs, give one rep a password."""
    add_people(ground, people, teams=teams, playbook=playbook())
    header = ("event_id", "person_id", "kind", "occurred_at", "object_id")
    ground.flask("import", str(ground.write("usage.csv", header, usage_rows(people))))
    for job in JOBS:
        ground.flask("jobs", "once", job, "--as-of", datetime.now(UTC).isoformat())
    ground.flask(
        "people", "set-password", person_key(people // 2), given=f"{PASSWORD}\n{PASSWORD}\n"
    )


def request(path: str, **headers: str) -> bytes:
    """A raw request that keeps its connection open."""
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def sign_in(port: int, email: str) -> str:
    """Sign in by the form; returns the cookie."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/sign-in")
    answer = connection.getresponse()
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', answer.read().decode())
    cookie = (answer.headers["Set-Cookie"] or "").split(";")[0]
    form = {"csrf_token": found[1] if found else "", "email": email, "password": PASSWORD}
    sent = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/sign-in", urllib.parse.urlencode(form), sent)
    answer = connection.getresponse()
    answer.read()
    if answer.status not in {302, 303}:
        raise RuntimeError(f"signing in answers {answer.status}")
    cookies = [line.split(";")[0] for line in answer.headers.get_all("Set-Cookie") or []]
    connection.close()
    return "; ".join(cookies) or cookie


def entity_tag(port: int, path: str, cookie: str) -> str:
    """The page's ETag, or nothing."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", path, headers={"Cookie": cookie})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.headers["ETag"] or ""
