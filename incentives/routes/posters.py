"""Paper: a contest's poster with a code to its live page, and art for a mug or a desk card."""

import textwrap
from datetime import datetime
from io import BytesIO

import segno
from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from core.calendars import zone_of
from core.clock import now
from core.errors import NotFound
from core.guards import current_actor, guard
from core.settings import settings
from core.web import render_part
from incentives import access
from incentives.queries import keepsakes, pages
from incentives.queries import wall as walls
from incentives.queries.documents import Reader
from incentives.routes.blueprint import blueprint

PAPERS = ("a3", "a4")
MOST_LANES = 10
LINE = 24


@blueprint.get("/contests/<slug>/poster")
@guard("board.view_team_ranking")
def poster(slug: str) -> ResponseReturnValue:
    """One sheet, A3 or A4: the standings of today, the rule in a sentence, the way to the page."""
    actor, moment = current_actor(), now()
    found = access.visible_contest(actor, slug, moment.date())
    paper = request.args.get("paper", PAPERS[0])
    whole = pages.whole(found.id, Reader(), moment)
    shown = walls.lone(found, moment, most=MOST_LANES)
    return render_template(
        "incentives/poster.html",
        is_small=False,
        is_person=whole.is_person,
        contest=found,
        board=shown.contests[0],
        programme=shown.programme,
        paper=paper if paper in PAPERS else PAPERS[0],
        is_saver=request.args.get("ink") == "saver",
        on=_day(whole.table.as_of if whole.is_covered else moment, whole.time_zone),
        rule=whole.points[0] if whole.points else None,
        foot=whole.points_foot,
        prize=whole.prizes[0].title if whole.prizes else "",
        qr=code(settings().base_url + url_for("incentives.contest", slug=slug)),
    )


def _day(moment: datetime, zone: str) -> str:
    day = moment.astimezone(zone_of(zone)).date()
    return f"{day:%A} {day.day} {day:%B}"


def code(address: str) -> Markup:
    """A code to photograph, as a drawing in the page: dark on light, with its quiet margin."""
    drawn = BytesIO()
    segno.make(address, error="m", micro=False).save(
        drawn,
        kind="svg",
        xmldecl=False,
        svgns=True,
        omitsize=True,
        border=4,
        dark="#14201a",
        light="#fff",
        svgclass=None,
        lineclass=None,
    )
    return Markup(drawn.getvalue().decode("utf-8"))  # noqa: S704 - drawn here, from modules alone


@blueprint.get("/awards/<int:award_id>/card")
@guard("recog.wall_view")
def award_card(award_id: int) -> ResponseReturnValue:
    """A card to fold and stand on a desk."""
    return render_template("incentives/card.html", award=_award(award_id), award_id=award_id)


@blueprint.get("/awards/<int:award_id>/mug.svg")
@guard("recog.wall_view")
def award_mug(award_id: int) -> ResponseReturnValue:
    """Art for a mug's wrap, 200 by 90 millimetres, as any print shop takes it."""
    award = _award(award_id)
    lines = textwrap.wrap(award.name, LINE, max_lines=2, placeholder="…")
    drawing = render_part("incentives/mug.svg", award=award, lines=lines)
    answer = Response(str(drawing), mimetype="image/svg+xml")
    answer.headers["Content-Disposition"] = f'attachment; filename="mug-{award_id}.svg"'
    return answer


def _award(award_id: int) -> keepsakes.Keepsake:
    found = keepsakes.keepsake(award_id, current_actor().person_id)
    if found is None:
        raise NotFound("There is no such award.")
    return found
