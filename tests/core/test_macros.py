"""The pieces, rendered alone with undefined names forbidden: safe, told in words, true to scale."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from core import charts

ROOT = Path(__file__).parents[2]
HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture(scope="module")
def pages():
    found = Environment(
        loader=FileSystemLoader(ROOT / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals.update(
        csrf_token=lambda: "token",
        url_for=lambda _endpoint, filename: f"/static/{filename}",
        get_flashed_messages=lambda **_: [("message", "Bell rung."), ("late", "Not sent.")],
    )
    return found


@pytest.fixture(scope="module")
def m(pages):
    return pages.get_template("shared/macros.html").make_module()


@pytest.fixture(scope="module")
def ch(pages):
    return pages.get_template("shared/charts.html").make_module()


def widths(html, name):
    return [float(w) for w in re.findall(rf'class="{name}" x="0" y="10" width="([\d.]+)%"', html)]


def test_lanes_are_true_to_one_scale_from_zero(m):
    half = str(m.lane(2, "Ridgeline", "45.0", 90, 2))
    full = str(m.lane(1, "Harbour", "90.0", 90, 1))
    none = str(m.lane(None, "Newcomers", "0", 90, 9))
    assert [widths(half, "lane-bar"), widths(full, "lane-bar"), widths(none, "lane-bar")] == [
        [50],
        [100],
        [0],
    ]


def test_a_lane_never_leaves_its_track(m):
    assert widths(str(m.lane(1, "Harbour", "200", 90)), "lane-bar") == [100]
    assert widths(str(m.lane(1, "Harbour", "-3", 90)), "lane-bar") == [0]
    assert widths(str(m.lane(1, "Harbour", "0", 0)), "lane-bar") == [0]


def test_a_lane_says_place_and_score_in_words(m):
    html = str(m.lane(3, "Switchyard", "66.2", 90, 3, places=2, you=True))
    assert 'aria-label="Place 3"' in html
    assert 'aria-label="66.2 points per rep"' in html
    assert '<span class="sr">up </span>2' in html
    assert "is-you" in html
    assert "Not ranked" in str(m.lane(None, "Newcomers", "0", 90))


@pytest.mark.parametrize("number", [1, 8, 9, 64, 0, None])
def test_every_team_number_has_a_pennant(m, number):
    found = re.search(r'data-team="(\d)"', str(m.pen(number)))
    assert found is not None
    assert 1 <= int(found.group(1)) <= 8


def test_what_people_write_cannot_become_markup(m, ch):
    row = SimpleNamespace(
        rank=1,
        name=HOSTILE,
        team_name=HOSTILE,
        team_number=1,
        points=HOSTILE,
        places=0,
        is_you=True,
    )
    chart = charts.bump([charts.Run(HOSTILE, 1, [1, 1], HOSTILE)], [HOSTILE, "b"], HOSTILE)
    drawn = [
        m.lane(1, HOSTILE, "3", 9, note=HOSTILE, href=HOSTILE),
        m.near([row]),
        m.field("name", HOSTILE, HOSTILE, help=HOSTILE, error=HOSTILE),
        m.area("name", HOSTILE, HOSTILE),
        m.select("name", HOSTILE, [(HOSTILE, HOSTILE)], HOSTILE),
        m.chips("name", HOSTILE, [(HOSTILE, HOSTILE)], HOSTILE),
        m.switch("name", HOSTILE, True, HOSTILE),
        m.tag(HOSTILE, "ok"),
        m.callout("late", HOSTILE, HOSTILE),
        m.empty(HOSTILE, HOSTILE, HOSTILE, HOSTILE),
        m.page_head(HOSTILE, HOSTILE, HOSTILE),
        m.post(HOSTILE, HOSTILE, fields={HOSTILE: HOSTILE}, confirm=HOSTILE),
        m.toast(HOSTILE, HOSTILE),
        m.award("cup", HOSTILE, HOSTILE, HOSTILE),
        m.errors({HOSTILE: HOSTILE}),
        m.face(HOSTILE),
        m.meter(1, 2, HOSTILE),
        ch.draw(chart),
        ch.funnel(charts.funnel([(HOSTILE, 3)]), HOSTILE),
        ch.heat(charts.heat_table([(HOSTILE, [9, 3])]), [HOSTILE, "b"], HOSTILE),
    ]
    assert all("<script" not in str(piece) for piece in drawn)
    assert all('"><' not in re.sub(r"=\"[^\"<>]*\"", "", str(piece)) for piece in drawn)


def test_every_posting_form_of_the_pieces_carries_the_token(m):
    for form in (m.post("Ring", "/x"), m.toast("Bell rung.", "/undo")):
        assert 'name="csrf_token" value="token"' in str(form)


def test_a_refused_field_points_to_its_error_and_help(m):
    html = str(m.field("ends_on", "Ends", "2026-12-04", "date", help="Local.", error="Too early."))
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="ends_on-error ends_on-help"' in html
    assert 'id="ends_on-error"' in html
    assert 'id="ends_on-help"' in html
    assert "aria-" not in str(m.field("name", "Name"))


def test_chips_mark_what_is_chosen(m):
    options = [("a", "A"), ("b", "B"), ("c", "C")]
    assert re.findall(r'value="(\w)" checked', str(m.chips("x", "X", options, "b"))) == ["b"]
    several = str(m.chips("x", "X", options, ["a", "c"], "checkbox"))
    assert re.findall(r'value="(\w)" checked', several) == ["a", "c"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (4 * 86400 + 3600 + 2400, "4 days, 1 hour and 40 minutes left"),
        (86400, "1 day, 0 hours and 0 minutes left"),
    ],
)
def test_the_clock_reads_itself_out(m, seconds, said):
    assert said in str(m.clock(seconds))


def test_a_clock_that_has_run_out_says_closed(m):
    assert "Closed" in str(m.clock(0))
    assert "Closed" in str(m.clock(-5))


@pytest.mark.parametrize(
    ("n", "said"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (23, "23rd")]
)
def test_places_in_words(m, n, said):
    assert str(m.nth(n)) == said


def test_the_pager_is_silent_on_a_single_page(m):
    assert str(m.pager(1, 1, "?page=")).strip() == ""
    middle = str(m.pager(2, 3, "/people?page="))
    assert 'href="/people?page=1"' in middle
    assert 'href="/people?page=3"' in middle


def test_a_chart_states_its_finding_and_opens_to_its_numbers(ch):
    chart = charts.weekly_bars([charts.Week("5 Oct", 158, 0, 110, 54)], "268 reps were active.")
    html = str(ch.draw(chart))
    assert html.count('role="img"') == 2
    assert html.count('aria-label="268 reps were active."') == 2
    assert "<details" in html
    assert "<td" in html


def test_the_frame_has_one_heading_landmarks_and_the_skip_link(pages):
    item = {"icon": "week", "label": "My week", "short": "", "href": "/", "current": True}
    html = pages.get_template("shared/error.html").render(
        nav=[[item]],
        viewer={"name": "Maya Lindqvist", "role_label": "Rep", "initials": "ML", "face": "ML"},
        theme="dark",
        accent="plum",
        code=404,
        title="There is nothing here",
        message="This page does not exist.",
        fix="",
    )
    assert html.count("<h1") == 1
    assert html.count("<main") == 1
    assert 'data-theme="dark" data-accent="plum"' in html
    assert html.index('class="skip"') < html.index("<header")
    assert "Bell rung." in html
    assert 'role="alert"' in html


def test_the_frame_stands_without_anything_given(pages):
    html = pages.get_template("shared/error.html").render()
    assert "data-theme" not in html
    assert 'data-accent="fern"' in html
    assert "Something is not right" in html


def test_a_letter_stands_without_a_button_or_a_stop_link(pages):
    html = pages.get_template("shared/mail/base.html").render()
    assert "<a " not in html
    full = pages.get_template("shared/mail/base.html").render(
        subject="A tip", action_url="https://pennant.example/", stop_url="https://pennant.example/s"
    )
    assert full.count("<a ") == 2
    assert full.count("A tip") == 2


def test_the_frame_leaves_the_names_of_its_pages_alone(pages):
    given = {name: f"mine: {name}" for name in ("groups", "person", "first", "entry", "flag")}
    page = pages.from_string(
        '{% extends "shared/base.html" %}{% block main %}'
        "{{ groups }} {{ person }} {{ first }} {{ entry }} {{ flag }}{% endblock %}"
    )
    html = page.render(**given)
    assert all(value in html for value in given.values())
