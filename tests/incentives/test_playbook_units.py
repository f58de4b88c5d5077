"""What a playbook may say of units, divisions, tie-breakers, side awards, seasons and brackets."""

from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path

import pytest

from core.db import transaction
from core.errors import Invalid
from core.playbook import Apply, PlaybookPart, PlaybookRefused, read_text
from core.policy import SYSTEM
from incentives import cli, queries
from incentives.forms import contests_part
from incentives.forms.series import brackets_part, seasons_part
from incentives.queries import brackets
from leaderboard.queries import facts, series
from leaderboard.rules.units import DivisionBy, DivisionPlan, TieBreak, UnitKind
from tests.factories.people import make_person, make_team
from tests.factories.programme import make_programme

F = Fraction
NOW = datetime(2026, 2, 20, 12, tzinfo=UTC)
SEASON = "{slug: s, title: S, contests: [a], place_points: [3]}"
ROUND = "rules: [{kind: guided_use}], rounds: [{start: 2026-03-02, end: 2026-03-08}]"
START = "start: 2026-03-02, end: 2026-03-15, rules: [{kind: guided_use}]"


def parse(key, part, text):
    """What one part of a playbook becomes."""

    def nothing(_run, _value):
        return ()

    known = [
        PlaybookPart("programme", 0, lambda _: None, nothing),
        PlaybookPart(key, 1, part, nothing),
    ]
    book = read_text(f"programme: {{slug: a}}\n{key}: {text}\n".encode(), known, Path())
    return next(value for each, value in book.values if each.key == key)


def contest(text):
    listed = f"[{{slug: spring, title: Spring, {START}, {text}}}]"
    [entry] = parse("contests", contests_part, listed)
    return entry


def refusal(key, part, text):
    with pytest.raises(PlaybookRefused) as refused:
        parse(key, part, text)
    return " ".join(fault.message for fault in refused.value.faults)


def refused(text):
    return refusal("contests", contests_part, f"[{{slug: spring, title: Spring, {START}, {text}}}]")


def test_a_contest_of_persons():
    entry = contest(
        "unit: person, teams: [Harbour], goal: 0.6, prizes: [{place: goal, title: Mug}]"
    )
    assert (entry.unit, entry.teams, entry.goal) == (UnitKind.PERSON, ("Harbour",), F(3, 5))


def test_a_contest_of_named_lists():
    entry = contest(
        "unit: adhoc, teams: [{name: Red, people: [P1, P2]}, {name: Blue, people: [P3]}]"
    )
    assert [(side.name, side.people) for side in entry.sides] == [
        ("Red", ("P1", "P2")),
        ("Blue", ("P3",)),
    ]
    assert entry.teams is None


def test_divisions_come_by_size_unless_said_otherwise():
    assert contest("unit: division").divisions == DivisionPlan(DivisionBy.SIZE, 8)
    said = contest("unit: person, divisions: {by: past, of: 30}")
    assert said.divisions == DivisionPlan(DivisionBy.PAST, 30)
    assert contest("unit: team").divisions is None


def test_side_awards_tie_breakers_sources_and_pauses():
    entry = contest(
        "tie_break: [sustained_share, time_of_reaching], sources: [crm], pause_moves_end: true, "
        "prizes: [{place: most_improved, title: Cake}, {place: 1, title: Dinner, for: manager}]"
    )
    assert entry.tie_break == (TieBreak.SUSTAINED, TieBreak.TIME)
    assert (entry.sources, entry.pause_moves_end) == (("crm",), True)
    assert [(p.place, p.is_improvement, p.for_manager) for p in entry.prizes] == [
        (None, True, False),
        (1, False, True),
    ]


def test_loop_discipline_parts_ties_and_managers_prizes_ask_for_it():
    entry = contest(
        "tie_break: [loop_discipline], "
        "prizes: [{place: 1, title: Dinner, for: manager, min_loops_kept: 0.75}]"
    )
    assert entry.tie_break == (TieBreak.LOOP,)
    assert entry.prizes[0].min_loops_kept == Fraction(3, 4)


def test_a_goal_is_a_share_where_taking_part_is_scored_and_a_score_elsewhere():
    assert contest("mode: total, goal: 400").goal == 400
    assert "outside" in refused("goal: 400")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("unit: region", "'region' is not one of team, person, adhoc, division"),
        ("unit: adhoc", "name the lists"),
        ("unit: adhoc, teams: [{name: R, people: [P1]}, {name: R, people: [P2]}]", "name 'R'"),
        ("unit: adhoc, teams: [{name: R, people: [P1]}, {name: B, people: [P1]}]", "person 'P1'"),
        ("unit: adhoc, teams: [{name: R, persons: [P1]}]", "unknown key 'persons'"),
        ("divisions: {by: region}", "'region' is not one of size, past"),
        ("divisions: {size: 4}", "unknown key 'size'"),
        ("unit: person, tie_break: [loop_discipline]", "loop_discipline needs teams"),
        ("prizes: [{place: 1, title: D, min_loops_kept: 0.5}]", "only a prize for managers"),
        ("prizes: [{place: 1, title: D, for: manager, min_loops_kept: 2}]", "outside"),
        ("tie_break: [names]", "names"),
        ("prizes: [{place: 1, title: D, for: everybody}]", "'everybody' is not one of"),
        ("unit: person, prizes: [{place: 1, title: D, for: manager}]", "needs teams"),
        ("unit: person, min_team_size: 3", "leave it out"),
        ("leagues: 3", "unknown key 'leagues'"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_name(text, said):
    assert said in refused(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[{slug: s, title: S, contests: [a], place_points: []}]", "first place gives"),
        ("[{slug: s, title: S, contests: [a], place_points: [3, 6]}]", "cannot give less"),
        ("[{slug: s, title: S, contests: [a], place_points: [3], cap: 1}]", "unknown key 'cap'"),
        ("[{slug: s, title: S, place_points: [3]}]", "contests is missing"),
        (
            f"[{SEASON}, {SEASON}]",
            "two seasons",
        ),
    ],
)
def test_a_season_is_refused_by_name(text, said):
    assert said in refusal("seasons", seasons_part, text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("teams: [A, B, C], rounds: [{start: 2026-03-02, end: 2026-03-08}]", "3 teams take 2"),
        ("teams: [A], rounds: [{start: 2026-03-02, end: 2026-03-08}]", "two teams at least"),
        ("teams: [A, B], rounds: [{start: 2026-03-09, end: 2026-03-08}]", "before the first"),
        ("teams: [A, A], rounds: [{start: 2026-03-02, end: 2026-03-08}]", "stands here twice"),
        (
            (
                "teams: [A, B], rounds: [{start: 2026-03-02, end: 2026-03-08}], "
                "prizes: [{place: 3, title: Cake}]"
            ),
            "3 is outside 1 to 2",
        ),
    ],
)
def test_a_bracket_is_refused_by_name(text, said):
    given = f"[{{slug: cup, title: Cup, rules: [{{kind: guided_use}}], {text}}}]"
    assert said in refusal("brackets", brackets_part, given)


def apply(programme, part, text):
    spec = next(each for each in cli.PLAYBOOK_PARTS if each.key == part)
    with transaction():
        return list(spec.apply(Apply(programme.id, SYSTEM, NOW), parse(part, spec.validate, text)))


def test_a_playbook_writes_contests_seasons_and_brackets_once(app):
    programme = make_programme()
    teams = [make_team(3, name=name) for name in ("A", "B")]
    red, blue = make_person(), make_person()
    contests = (
        f"[{{slug: spring, title: Spring, {START}}}, "
        f"{{slug: lists, title: Lists, {START}, unit: adhoc, "
        f"teams: [{{name: Red, people: [{red.key}]}}, {{name: Blue, people: [{blue.key}]}}]}}]"
    )
    seasons = "[{slug: year, title: Year, contests: [spring], place_points: [10, 6], most_wins: 2}]"
    cup = (
        "[{slug: cup, title: Cup, teams: [B, A], rules: [{kind: guided_use}], "
        "rounds: [{start: 2026-03-02, end: 2026-03-08}], prizes: [{place: 2, title: Cake}]}]"
    )
    for part, text, said in (
        ("contests", contests, ["contest spring: created", "contest lists: created"]),
        ("seasons", seasons, ["season year: declared"]),
        ("brackets", cup, ["bracket cup: drawn"]),
    ):
        assert apply(programme, part, text) == said
        assert apply(programme, part, text) == []
    lists = queries.contest_by_slug("lists")
    assert lists.terms["unit"] == "adhoc"
    assert facts.sides_of(lists.board_id).keys() == {red.id, blue.id}
    drawn = series.bracket_by_slug("cup")
    assert list(series.entries(drawn.id)) == [teams[1].id, teams[0].id]
    assert [(each.place, each.title) for each in brackets.prizes(drawn.id)] == [(2, "Cake")]
    [stage] = series.rounds(drawn.id)
    assert (stage.starts_on, stage.ends_on) == (date(2026, 3, 2), date(2026, 3, 9))


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ("seasons", "[{slug: s, title: S, contests: [nobody], place_points: [3]}]"),
        ("brackets", f"[{{slug: cup, title: Cup, teams: [X, Y], {ROUND}}}]"),
        (
            "contests",
            f"[{{slug: c, title: C, {START}, unit: adhoc, teams: [{{name: R, people: [X]}}]}}]",
        ),
    ],
)
@pytest.mark.sqlite_only
def test_unknown_contests_teams_and_people_are_named(app, part, text):
    with pytest.raises(Invalid):
        apply(make_programme(), part, text)
