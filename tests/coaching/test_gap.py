"""The board between managers: counted by hand, priced as METRICS L has it, seen by whom it may."""

import csv
import io
import re
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from coaching.queries import figures
from coaching.queries import gap as queries
from coaching.rules.gap import (
    FEWEST_DUE,
    SORTS,
    Loops,
    Manager,
    ordered,
    pair_of,
    widest,
    with_money,
)
from coaching.rules.pricing import Leak
from coaching.services import count_coverage
from core.db import db, transaction
from core.stats import Share
from tests.coaching.loops_made import WEEK, make_item, make_loop, make_weeks
from tests.factories.adoption import make_deal, make_event, make_signal
from tests.factories.people import make_person, make_team
from tests.factories.programme import make_programme

MONDAY = date(2026, 3, 2)
NOW = datetime(2026, 4, 1, 15, tzinfo=UTC)
LEAK = Leak(300_000, 60_000, 1.0)


def manager(ident, hits, base, **given):
    values = {
        "slug": f"t{ident}",
        "team": f"T{ident}",
        "lead": "Ada",
        "reps": 5,
        "adoption": Share(0, 0),
        "loops": Loops(),
    } | given
    return Manager(ident, coverage=Share(hits, base), **values)


many = st.lists(
    st.integers(0, 40).flatmap(lambda base: st.tuples(st.integers(0, base), st.just(base))),
    max_size=12,
).map(lambda shares: [manager(n, *share) for n, share in enumerate(shares)])


class TestOnPaper:
    def test_the_case(self):
        marcus, priya = with_money([manager(1, 5, 20), manager(2, 16, 20)], LEAK)
        assert (marcus.recovered, priya.recovered) == (75_000, 240_000)
        assert marcus.to_best == marcus.to_next == pytest.approx(165_000)
        assert (priya.to_best, priya.best) == (None, None)
        pair = widest([priya, marcus], LEAK)
        assert (pair.low, pair.high, pair.gap) == (marcus, priya, pytest.approx(165_000))
        assert pair.points == pytest.approx(0.55)
        assert pair_of(priya, marcus, LEAK) == pair

    def test_one_of_one_is_neither_the_best_nor_priced(self):
        lucky, steady, low = with_money(
            [manager(1, 1, 1), manager(2, 8, 10), manager(3, 2, 10)], LEAK
        )
        assert (lucky.recovered, lucky.to_best, steady.to_best) == (None, None, None)
        assert low.best == 0.8
        assert [one.team_id for one in ordered([lucky, steady, low], "coverage", is_down=True)] == [
            2,
            3,
            1,
        ]
        assert pair_of(lucky, steady, LEAK) is None
        assert pair_of(steady, steady, LEAK) is None

    def test_without_a_leak_nothing_is_priced(self):
        rows = with_money([manager(1, 5, 20), manager(2, 16, 20)], Leak(None, None, 1.0))
        assert {(one.recovered, one.to_best) for one in rows} == {(None, None)}
        assert widest(rows, Leak(None, None, 1.0)).gap is None

    @given(many)
    def test_the_gap_is_what_the_best_recovers_more(self, rows):
        priced = with_money(rows, LEAK)
        told = [one for one in priced if one.tells]
        best = max((one.recovered for one in told), default=None)
        for one in priced:
            if one.coverage.base < FEWEST_DUE:
                assert one.recovered is None
            elif one.to_best is None:
                assert one.recovered == best
            else:
                assert one.recovered + one.to_best == pytest.approx(best)
                assert 0 < one.to_next <= one.to_best + 1e-6

    @given(many, st.sampled_from(sorted(SORTS)), st.booleans(), st.randoms())
    def test_sorting_keeps_everybody_and_asks_nothing_of_the_given_order(
        self, rows, by, is_down, random
    ):
        priced = list(with_money(rows, LEAK))
        order = ordered(priced, by, is_down=is_down)
        random.shuffle(priced)
        assert ordered(priced, by, is_down=is_down) == order
        assert sorted(one.team_id for one in order) == sorted(one.team_id for one in rows)
        values = [SORTS[by](one) for one in order]
        known = [value for value in values if value is not None]
        assert values[: len(known)] == known == sorted(known, reverse=is_down)


@pytest.fixture
def world(app, at):
    """Marcus 5 of 20, Priya 16 of 20, a team of two, and loops of fourteen weeks."""
    at(NOW)
    owner = make_programme(leak_per_year=300000, build_cost=60000, weekly_decay=0.2)
    director = make_person(role="director", enabled_on=None)
    teams = {}
    for name, done, size in (("Marcus", 5, 5), ("Priya", 16, 5), ("Tiny", 0, 2)):
        lead = make_person(role="manager", name=f"{name} Lead", enabled_on=None, manager=director)
        team = teams[name] = make_team(members=size, lead=lead, name=f"Team {name}")
        for number in range(20 if size > 2 else 0):
            rep = team.members[number % 5]
            deal = make_deal(rep, deal_key=f"{name}-{number:02d}", amount=30000)
            fired = datetime(2026, 3, 4 + number % 4, 13, tzinfo=UTC)
            make_signal(rep, deal, fired, signal_key=f"S-{name}-{number:02d}")
            if number < done:
                make_event(
                    owner,
                    rep,
                    fired + timedelta(hours=3),
                    kind="sequence_run",
                    object_id=deal.deal_key,
                )
    this_week = date(2026, 3, 30)
    story = ["open", "kept", "kept", "skipped", "excused", "system", "nothing_missed", "kept"]
    for number, outcome in enumerate(story):
        week = this_week - number * WEEK
        make_loop(owner, teams["Marcus"], week, outcome=outcome, manager_id=lead_id(teams))
    old = this_week - 14 * WEEK
    make_loop(owner, teams["Marcus"], old, outcome="skipped", manager_id=lead_id(teams))
    make_loop(
        owner, teams["Marcus"], this_week - 9 * WEEK, outcome="skipped", manager_id=director.id
    )
    with transaction():
        count_coverage(owner.id, NOW)
    return owner, teams, director


def lead_id(teams):
    return teams["Marcus"].lead.id


def test_counted_by_hand_and_equal_to_the_figure(world):
    owner, teams, director = world
    found = queries.board(owner, NOW, None, None)
    by_team = {one.team: one for one in found.rows}
    assert (found.first, found.end) == (MONDAY, MONDAY + 4 * WEEK)
    assert by_team["Team Marcus"].coverage == Share(5, 20)
    assert by_team["Team Priya"].coverage == Share(16, 20)
    assert by_team["Team Marcus"].loops == Loops(3, 1, 1, 1, 1)
    assert by_team["Team Priya"].loops == Loops()
    assert by_team["Team Marcus"].recovered == 75_000
    assert by_team["Team Priya"].recovered == 240_000
    assert by_team["Team Marcus"].to_best == pytest.approx(165_000)
    for name, one in by_team.items():
        figure = figures.due_behaviour_coverage(
            owner, (found.first, found.end), found.through, NOW, name
        )
        assert (figure["on_time"], figure["denominator"]) == (one.coverage.hits, one.coverage.base)
    small = queries.board(owner, NOW, None, 5)
    assert ({one.team for one in small.rows}, small.hidden) == ({"Team Marcus", "Team Priya"}, 1)
    own = queries.board(owner, NOW, frozenset({lead_id(teams)}), None)
    assert [one.team for one in own.rows] == ["Team Marcus"]
    weeks = queries.loop_weeks(owner, teams["Marcus"].id, found.since)
    assert [week.outcome for week in weeks[:3]] == ["open", "kept", "kept"]
    assert weeks[-1].lead == director.name


@contextmanager
def statements():
    """What is sent to the database meanwhile."""
    asked = []

    def listener(*given):
        asked.append(given[2])

    event.listen(db.engine, "before_cursor_execute", listener)
    try:
        yield asked
    finally:
        event.remove(db.engine, "before_cursor_execute", listener)


def text(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.get_data(as_text=True)))


def test_the_page_says_the_case_and_every_number_opens(world, sign_in_as):
    _owner, _teams, director = world
    client = sign_in_as(director)
    page = client.get("/coaching/gap")
    said = text(page)
    assert "55 points lie between Team Marcus and Team Priya: $165,000 a year." in said
    assert "$300,000 a year leaking, all of it as if every team had it; effectiveness 1 " in said
    assert "own half each: then the gap is half" in said
    links = [
        link.replace("&amp;", "&")
        for link in re.findall(r'href="(/(?:figures|coaching/gap/)[^"]*)"', page.text)
    ]
    kinds = {re.split(r"[?]", link)[0] for link in links}
    assert {"/figures/due_behaviour_coverage", "/figures/leak", "/figures/team_gap"} <= kinds
    for link in set(links):
        assert client.get(link).status_code == 200, link
    opened = next(link for link in links if "due_behaviour" in link and "Marcus" in link)
    assert "0.25" in text(client.get(opened))
    gap = next(link for link in links if "team_gap" in link)
    assert "165,000" in text(client.get(gap)) or "165000" in text(client.get(gap))


def test_sorting_by_links_and_two_chosen_managers(world, sign_in_as):
    client = sign_in_as(make_person(role="sales_ops", enabled_on=None))
    page = client.get("/coaching/gap?sort=team&dir=desc").get_data(as_text=True)
    assert re.search(r'<th scope="col" aria-sort="descending"><a[^>]*sort=team', page)
    names = re.findall(r'<td><b><a href="/coaching/gap/[^"]+">([^<]+)</a>', page)
    assert names == ["Team Tiny", "Team Priya", "Team Marcus"]
    usual = client.get("/coaching/gap").get_data(as_text=True)
    names = re.findall(r'<td><b><a href="/coaching/gap/[^"]+">([^<]+)</a>', usual)
    assert names == ["Team Priya", "Team Marcus", "Team Tiny"]
    slugs = re.findall(r'<option value="([^"]+)"', usual)
    tiny = next(slug for slug in slugs if "tiny" in slug)
    odd = client.get(f"/coaching/gap?one={tiny}&other={slugs[0]}")
    assert "These two cannot be compared." in text(odd)
    assert client.get("/coaching/gap?sort=moon&one=x&other=%00").status_code == 200


def test_the_file_has_the_rows_of_the_page(world, sign_in_as):
    client = sign_in_as(make_person(role="sales_ops", enabled_on=None))
    answer = client.get("/coaching/gap.csv?sort=coverage&dir=asc")
    rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff"))))
    assert [(row["Team"], row["Done in time"], row["Due"]) for row in rows] == [
        ("Team Marcus", "5", "20"),
        ("Team Priya", "16", "20"),
        ("Team Tiny", "0", "0"),
    ]
    assert (rows[0]["Loops kept"], rows[0]["Loops skipped"]) == ("3", "1")
    assert float(rows[0]["To the best a year"]) == pytest.approx(165_000)
    assert rows[0]["Weeks to"] == "2026-03-29"


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        ("sales_ops", {"Marcus", "Priya", "Tiny"}),
        ("executive", {"Marcus", "Priya"}),
        ("director", set()),
        ("manager", set()),
    ],
)
def test_who_sees_which_managers(world, sign_in_as, role, seen):
    client = sign_in_as(make_person(role=role, enabled_on=None))
    page = client.get("/coaching/gap").get_data(as_text=True)
    file = client.get("/coaching/gap.csv").get_data(as_text=True)
    for name, team in world[1].items():
        assert (f"Team {name}" in page) == (name in seen)
        assert (f"Team {name}" in file) == (name in seen)
        opened = client.get(f"/coaching/gap/{team.team.slug}")
        assert opened.status_code == (200 if name in seen else 404)


def test_a_lead_sees_the_own_team_and_reps_and_machines_of_the_house_nothing(world, sign_in_as):
    _owner, teams, _director = world
    page = sign_in_as(teams["Marcus"].lead).get("/coaching/gap").get_data(as_text=True)
    assert "Team Marcus did it in time 5 of 20 times." in page
    assert "Team Priya" not in page
    for path in ("/coaching/gap", "/coaching/gap.csv", "/coaching/effect", "/coaching/fixes"):
        assert sign_in_as(teams["Marcus"].members[0]).get(path).status_code == 403
        admin = make_person(role="admin", enabled_on=None)
        assert sign_in_as(admin).get(path).status_code == 403


def test_before_there_is_anything_the_pages_say_so(app, sign_in_as):
    ops = make_person(role="sales_ops", enabled_on=None)
    client = sign_in_as(ops)
    assert "No programme runs yet" in client.get("/coaching/gap").text
    assert "No programme runs yet" in client.get("/coaching/effect").text
    make_programme()
    assert "No team of yours has a lead yet" in client.get("/coaching/gap").text
    assert "Nothing to compare yet" in client.get("/coaching/effect").text


def test_the_page_asks_as_often_for_many_teams_as_for_few(world, sign_in_as):
    owner, _teams, _director = world
    client = sign_in_as(make_person(role="sales_ops", enabled_on=None))
    client.get("/coaching/gap")
    with statements() as few:
        client.get("/coaching/gap")
    for _ in range(6):
        team = make_team(members=3)
        make_weeks(owner, team.members[0], team, MONDAY, (1, 2), (1, 1))
        make_item(owner, make_loop(owner, team, MONDAY, manager_id=team.lead.id), team.members[0])
    with statements() as more:
        client.get("/coaching/gap")
    assert len(more) == len(few)
