"""Edge cases of CONTESTS.md on screens, paper and feeds."""

from datetime import timedelta

import pytest

from incentives.rules.links import Kind
from tests.factories.adoption import make_usage
from tests.factories.incentives import MONDAY, make_scheduled
from tests.incentives.test_wall import DAY, MIDWAY, _news, make_link, picture, refresh, world

__all__ = ["world"]

pytestmark = pytest.mark.sqlite_only


def test_case_36_no_screen_paper_or_feed_differs_from_the_snapshot(
    world, app, client, sign_in_as, at
):
    programme, teams, _ = world
    contest = make_scheduled(programme, slug="covered", title="Covered race", freeze_hours=72)
    hides = contest.ends_at - timedelta(hours=72)
    refresh(contest, hides - timedelta(minutes=1))
    refresh(contest, hides + timedelta(minutes=1))
    for rep in teams[1].members:
        make_usage(programme, rep, [MONDAY + n * DAY for n in (3, 4, 10, 11)])
    late = hides + timedelta(hours=3)
    at(late)
    refresh(contest, late)
    _, wall_key = make_link(app, programme, now=MIDWAY)
    _, embed_key = make_link(app, contest=contest, kind=Kind.EMBED, now=MIDWAY)
    ops = sign_in_as("sales_ops")
    shown = {
        "wall": picture(client, wall_key).text.split("Covered race")[1].split("</section>")[0],
        "embed": picture(client, embed_key, path="/embed/covered/picture").text,
        "poster": ops.get("/contests/covered/poster").text,
    }
    for surface, text in shown.items():
        assert "4 of 4 reps" not in text, surface
        assert "0 of 4 reps" in text, surface
    told = [each for each in _news(ops) if each.startswith("Covered race")]
    assert told == ["Covered race has begun"]
