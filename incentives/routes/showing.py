"""A contest's page put together: what readers share is rendered once, with holes for each.

What is kept is kept for one state of the counters and one minute, so a changed standing, name or
wish is seen at the next request. Nothing that names a reader stays in what others get: those
pieces are chosen by the reader's own id, and everything else goes through a hole.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from threading import Lock

from flask import Flask, current_app, render_template, url_for
from markupsafe import Markup

from core import slots
from core.doorstep import Knock
from core.money import show
from core.mould import Mould, casting, hole
from core.policy import Actor, Role, Scope, scope_of
from core.web import frame_of, reader_words, render_part, token_of
from incentives import access, queries
from incentives.models import Contest
from incentives.queries import ceremony as ceremonies
from incentives.queries import fairplay, pages, steering
from incentives.queries.documents import Reader
from incentives.queries.door import Look
from incentives.queries.pages import BoardView, OwnTeam, Seat, SquadLine, Whole

MOST_KEPT = 8
KEPT = "incentives.showings"
SIDE = "contest_side"
# A Board of no more lanes is polled as it is first shown; it has nothing left to unfold.
SHORT = 14
# Whose rights may depend on who stands below them.
BY_TREE = frozenset({Role.MANAGER, Role.DIRECTOR})
NOTHING = Markup()
Own = frozenset[int]


@dataclass(frozen=True)
class SquadPieces:
    """A team's panel with a hole for its lines, and each rep's line as colleagues see it."""

    panel: Mould
    for_others: tuple[tuple[int, Markup], ...]
    lines: dict[int, SquadLine]
    unlisted: frozenset[int]


@dataclass
class Showing:
    """One contest at one state of its counters, with what was rendered of it so far.

    `lanes` are rows of the Board, `lines` rows of a squad with a hole for the name: few are unlike.
    """

    whole: Whole
    state: str
    has_side: bool
    frames: dict[tuple[object, ...], Mould] = field(default_factory=dict)
    board_frames: dict[tuple[object, ...], Mould] = field(default_factory=dict)
    boards: dict[tuple[Own, Seat], Mould] = field(default_factory=dict)
    lanes: dict[tuple[int, bool, float], Markup] = field(default_factory=dict)
    races: dict[tuple[Own, Seat], Markup] = field(default_factory=dict)
    panels: list[Mould] = field(default_factory=list)
    lines: dict[tuple[int, int, str, bool], Mould] = field(default_factory=dict)
    not_listed: dict[int, Markup] = field(default_factory=dict)
    squads: dict[int, SquadPieces] = field(default_factory=dict)
    leads: dict[Own, Markup] = field(default_factory=dict)
    own_teams: dict[int, Own] = field(default_factory=dict)
    teams: dict[Own, OwnTeam | None] = field(default_factory=dict)
    rights: dict[tuple[object, ...], dict[str, bool]] = field(default_factory=dict)


@dataclass
class Kept:
    """The showings of an app, the oldest forgotten first."""

    showings: dict[tuple[object, ...], Showing] = field(default_factory=dict)
    building: Lock = field(default_factory=Lock)


def _key(look: Look, actor: Actor, moment: datetime) -> tuple[object, ...]:
    through = access.sees_through_freeze(actor)
    return (*counters(look), look.contest_id, through, moment.replace(second=0, microsecond=0))


def showing_of(look: Look, actor: Actor, moment: datetime) -> Showing:
    """What is kept of a contest for readers like this one; built when there is nothing yet."""
    kept: Kept = current_app.extensions.setdefault(KEPT, Kept())
    key = _key(look, actor, moment)
    found = kept.showings.get(key)
    if found is not None:
        return found
    with kept.building:
        found = kept.showings.get(key)
        if found is None:
            reader = Reader(sees_through_freeze=access.sees_through_freeze(actor))
            whole = pages.whole(look.contest_id, reader, moment)
            found = Showing(whole, state_of(look), has_side=bool(slots.panels_for(SIDE)))
            while len(kept.showings) >= MOST_KEPT:
                del kept.showings[next(iter(kept.showings))]
            kept.showings[key] = found
    return found


def counters(look: Look) -> tuple[int, ...]:
    """Everything a page is tagged with that others may change."""
    return (look.version, look.change, look.newest_change, int(look.is_covered))


def state_of(look: Look) -> str:
    """The Board's state in one word, by which a poll says what it has."""
    return ".".join(map(str, counters(look)))


def board_part(look: Look, actor: Actor, moment: datetime, *, everybody: bool) -> Markup:
    """The Board as this reader sees it."""
    shown = showing_of(look, actor, moment)
    own = _own_teams(shown, look, actor, moment)
    team = _team(shown, own)
    _, mine = _squad_part(shown, own, actor)
    return _with_action(
        _board(shown, own, _seat(shown, actor, everybody=everybody)), shown, team, mine
    )


def _seat(shown: Showing, actor: Actor, *, everybody: bool) -> Seat:
    """From where the reader sees the Board; of persons, all rows are for who runs contests."""
    return access.seat_on(actor, shown.whole.board.unit, everybody=everybody)


def page(
    look: Look, actor: Actor, moment: datetime, *, theme: str, everybody: bool, once: bool = False
) -> Markup:
    """The whole page for one reader; `once`: with words for this answer alone, so nothing kept."""
    shown = showing_of(look, actor, moment)
    own = _own_teams(shown, look, actor, moment)
    rights = _rights(shown, actor, moment.date())
    shape = _shape(actor, theme, rights)
    frame = None if once else shown.frames.get(shape)
    if frame is None:
        frame = _cast(shown.whole, rights)
        if not once:
            shown.frames[shape] = frame
    seat = _seat(shown, actor, everybody=everybody)
    board, race = _board(shown, own, seat), _race(shown, own, seat)
    side = slots.slot(SIDE, contest_slug=shown.whole.contest.slug)
    parts = (board, race, _squad_part(shown, own, actor), side)
    return _put_together(shown, frame, _team(shown, own), parts, frame_of(actor))


def _team(shown: Showing, own: Own) -> OwnTeam | None:
    if own not in shown.teams:
        shown.teams[own] = pages.own_team(shown.whole, own)
    return shown.teams[own]


def _squad_part(shown: Showing, own: Own, actor: Actor) -> tuple[Markup, SquadLine | None]:
    """What the reader may know of their own team, and their own line in it."""
    team = _team(shown, own)
    if shown.whole.is_covered:
        return _own_part(shown, team, actor.person_id)
    if actor.role in BY_TREE:
        return _lead_part(shown, own), None
    return _squad(shown, _pieces(shown, team), actor.person_id)


def at_hand(app: Flask, look: Look, actor: Actor, knock: Knock) -> Markup | None:
    """The same page where every part of it was rendered before, for this reader or others."""
    kept: Kept | None = app.extensions.get(KEPT)
    shown = kept.showings.get(_key(look, actor, knock.moment)) if kept else None
    if shown is None or shown.has_side or shown.whole.is_covered or not knock.form_secret:
        return None
    own = _known_teams(shown, look, actor)
    rights = shown.rights.get(_alike(shown, actor))
    if own is None or rights is None or own not in shown.teams:
        return None
    frame, seat = (
        shown.frames.get(_shape(actor, knock.theme, rights)),
        _seat(shown, actor, everybody=False),
    )
    board, race = shown.boards.get((own, seat)), shown.races.get((own, seat))
    if frame is None or board is None or race is None or not _is_at_hand(shown, own, actor):
        return None
    token = token_of(str(app.secret_key), knock.form_secret)
    words = reader_words(actor) | {"form_token": token}
    parts = (board, race, _squad_part(shown, own, actor), Markup())
    return _put_together(shown, frame, shown.teams[own], parts, words)


def _is_at_hand(shown: Showing, own: Own, actor: Actor) -> bool:
    """Whether the reader's own team was rendered before."""
    team = shown.teams[own]
    if actor.role in BY_TREE:
        return own in shown.leads
    return team is None or team.unit_id in shown.squads


Parts = tuple[Mould, Markup, tuple[Markup, SquadLine | None], Markup]


def _put_together(
    shown: Showing, frame: Mould, team: OwnTeam | None, parts: Parts, words: dict[str, str]
) -> Markup:
    board, race, (squad, mine), side = parts
    return frame.fill(
        **words,
        board_part=_with_action(board, shown, team, mine),
        squad_part=squad,
        race_part=race,
        side_part=side,
    )


def _with_action(
    board: Mould, shown: Showing, team: OwnTeam | None, mine: SquadLine | None
) -> Markup:
    """The Board with what one more action of the reader would change."""
    action = pages.next_action(shown.whole, team, mine)
    distance = pages.distance(shown.whole, team)
    said = [Markup("<b>{}</b>").format(action)] if action else []
    said += [Markup("<span>{}</span>").format(distance)] if distance else []
    return board.fill(action_part=Markup(" ").join(said))


def _known_teams(shown: Showing, look: Look, actor: Actor) -> Own | None:
    if actor.role is Role.REP and look.team_id is not None:
        return frozenset({look.team_id})
    return shown.own_teams.get(actor.person_id or 0)


def _own_teams(shown: Showing, look: Look, actor: Actor, moment: datetime) -> Own:
    """The teams marked as the reader's own: those they work in or lead."""
    own = _known_teams(shown, look, actor)
    if own is None:
        own = access.nearest_teams(actor, shown.whole.contest, moment.date())
        shown.own_teams[actor.person_id or 0] = own
    return own


def _alike(shown: Showing, actor: Actor) -> tuple[object, ...]:
    """Whoever agrees in this may do the same here."""
    author = shown.whole.contest.author_id
    is_author = author is not None and author == actor.person_id
    return (actor.role, is_author, actor.person_id if actor.role in BY_TREE else None)


def _rights(shown: Showing, actor: Actor, today: date) -> dict[str, bool]:
    """What the page offers this reader; worked out once for all whose rights are alike."""
    alike = _alike(shown, actor)
    if alike not in shown.rights:
        shown.rights[alike] = _may(actor, shown.whole.contest, today)
    return shown.rights[alike]


def _shape(actor: Actor, theme: str, rights: dict[str, bool]) -> tuple[object, ...]:
    """Which frame stands around the reader's parts: the same for everybody who may do the same."""
    return (actor.role, theme, *rights.values())


def _cast(whole: Whole, may: dict[str, bool]) -> Mould:
    found = whole.contest
    with casting():
        text = render_template(
            "incentives/contest.html",
            contest=found,
            page=whole,
            may=may,
            awards=ceremonies.awards_shown(found.id, is_covered=whole.is_covered),
            ceremony=ceremonies.ceremony_of(found.id),
            amendments=() if whole.is_covered else steering.amendments(found),
            winners=queries.winner_names(found),
            disputes=queries.disputes(found.id) if found.state == "provisional" else (),
            open_questions=fairplay.open_questions(found.id),
            history=queries.history(found.id) if may["audit"] else (),
            liability=show(found.liability_minor, found.currency),
            until=queries.decided_at(found),
            **{name: hole(name) for name in PARTS},
        )
    return Mould(text)


PARTS = ("board_part", "squad_part", "race_part", "side_part")


def _board(shown: Showing, own: Own, seat: Seat) -> Mould:
    """The Board for the reps of one team, with a hole for what each of them may do next."""
    kept = shown.boards.get((own, seat))
    if kept is None:
        view = pages.board_view(shown.whole, own, seat)
        lanes = _lanes(shown, view)
        filled = _board_frame(shown, view, seat).fill(
            answer=view.answer,
            lanes_part=NOTHING.join(lanes),
            action_part=hole("action_part"),
        )
        kept = shown.boards[own, seat] = Mould(filled)
    return kept


def _board_frame(shown: Showing, view: BoardView, seat: Seat) -> Mould:
    """The Board around its lanes, alike for most teams."""
    is_whole = view.more == 0 and len(view.lanes) > SHORT
    has_earlier = any(lane.was for lane in view.lanes)
    shape = (seat, is_whole, has_earlier, bool(view.answer), view.more > 0, view.top, view.ticks)
    kept = shown.board_frames.get(shape)
    if kept is None:
        text = render_part(
            "incentives/_board.html",
            board=view,
            contest=shown.whole.contest,
            all=is_whole,
            has_earlier=has_earlier,
            total=len(view.lanes) + view.more,
            state=shown.state,
            is_live=pages.is_live(shown.whole),
            may_unfold=seat is not Seat.NEAR,
            answer=hole("answer") if view.answer else "",
            lanes_part=hole("lanes_part"),
            action_part=hole("action_part"),
        )
        kept = shown.board_frames[shape] = Mould(text)
    return kept


def _lanes(shown: Showing, view: BoardView) -> list[Markup]:
    """The Board's rows; the leaders' are rendered once for everybody, a neighbour's for a few."""
    wanted = {(lane.team, lane.you, view.top): lane for lane in view.lanes}
    missing = [looks for looks in wanted if looks not in shown.lanes]
    if missing:
        contest = shown.whole.contest
        text = render_part(
            "incentives/_lanes.html",
            lanes=[wanted[looks] for looks in missing],
            board=view,
            explain=url_for("incentives.explain", slug=contest.slug, unit=""),
            cut=hole("cut"),
        )
        shown.lanes.update(zip(missing, Mould(text).pieces[:-1], strict=True))
    return [shown.lanes[looks] for looks in wanted]


def _race(shown: Showing, own: Own, seat: Seat) -> Markup:
    kept = shown.races.get((own, seat))
    if kept is None:
        chart = pages.race_of(shown.whole, own, seat)
        contest = shown.whole.contest
        kept = shown.races[own, seat] = (
            render_part("incentives/_race.html", chart=chart, contest=contest)
            if chart is not None
            else Markup()
        )
    return kept


def _pieces(shown: Showing, team: OwnTeam | None) -> SquadPieces | None:
    if team is None:
        return None
    kept = shown.squads.get(team.unit_id)
    if kept is None:
        kept = shown.squads[team.unit_id] = _squad_pieces(shown, team)
    return kept


def _squad(
    shown: Showing, pieces: SquadPieces | None, person_id: int | None
) -> tuple[Markup, SquadLine | None]:
    """The reader's team as they see it, with their own line first; and that line."""
    if pieces is None:
        return NOTHING, None
    mine = pieces.lines.get(person_id or 0)
    if mine is None and not pieces.for_others:
        return NOTHING, None
    lines = [piece for ident, piece in pieces.for_others if ident != person_id]
    if mine is not None:
        lines.insert(0, shown.lines[_looks(mine, you=True)].fill(name=mine.name))
    lines.append(shown.not_listed[len(pieces.unlisted - {person_id})])
    # Every piece was rendered already: joined as they are, not escaped a second time.
    return pieces.panel.fill(lines_part=Markup("".join(lines))), mine  # noqa: S704


def _lead_part(shown: Showing, own: Own) -> Markup:
    """The teams somebody leads, each with who is on target and who is close."""
    kept = shown.leads.get(own)
    if kept is None:
        index, places = shown.whole.index, shown.whole.table.places
        teams = [places[index[unit]] for unit in sorted(own) if unit in index]
        kept = shown.leads[own] = NOTHING.join(
            render_part(
                "incentives/_lead_squad.html",
                team=pages.lead_view(shown.whole, team),
                href=url_for("incentives.explain", slug=shown.whole.contest.slug, unit=team.unit),
            )
            for team in teams
        )
    return kept


def _own_part(
    shown: Showing, team: OwnTeam | None, person_id: int | None
) -> tuple[Markup, SquadLine | None]:
    """While the Board is covered: one's own days, and of nobody else's anything."""
    mine = pages.own_part(shown.whole, person_id) if team is not None else ()
    if team is None or not mine:
        return NOTHING, None
    _render_lines(shown, mine)
    lines = [shown.lines[_looks(line, you=True)].fill(name=line.name) for line in mine]
    panel = _panel(shown, team.unit, pages.squad_foot(shown.whole, team))
    return panel.fill(lines_part=NOTHING.join(lines)), mine[0]


def _squad_pieces(shown: Showing, team: OwnTeam) -> SquadPieces:
    """A team's panel, made once for all of its reps."""
    squad = pages.squad(shown.whole, team)
    lines = dict(squad.listed) | dict(squad.unlisted)
    _render_lines(shown, lines.values())
    unlisted = frozenset(squad.unlisted)
    for count in (len(unlisted), len(unlisted) - 1):
        if count not in shown.not_listed:
            shown.not_listed[count] = render_part("incentives/_not_listed.html", count=count)
    return SquadPieces(
        panel=_panel(shown, squad.team, squad.foot),
        for_others=tuple(
            (ident, shown.lines[_looks(line, you=False)].fill(name=line.name))
            for ident, line in squad.listed
        ),
        lines=lines,
        unlisted=unlisted,
    )


def _looks(line: SquadLine, *, you: bool) -> tuple[int, int, str, bool]:
    """What a line looks like but for its name."""
    return (line.done, line.asked, line.words, you)


def _render_lines(shown: Showing, lines: Iterable[SquadLine]) -> None:
    """Render the lines that look like none before, for others and for oneself."""
    missing = {
        looks: (line, you)
        for line in lines
        for you in (False, True)
        if (looks := _looks(line, you=you)) not in shown.lines
    }
    if not missing:
        return
    text = render_part(
        "incentives/_squad_lines.html",
        lines=tuple(missing.values()),
        name=hole("name"),
        cut=hole("cut"),
    )
    for looks, piece in zip(missing, Mould(text).cut("cut"), strict=True):
        shown.lines[looks] = piece


def _panel(shown: Showing, team: str, foot: str) -> Mould:
    """A squad's panel for one team, out of the one rendered for all."""
    if not shown.panels:
        names = ("team", "foot", "href", "lines_part")
        holes = {name: hole(name) for name in names}
        text = render_part("incentives/_squad.html", is_person=shown.whole.is_person, **holes)
        shown.panels.append(Mould(text))
    href = url_for("incentives.explain", slug=shown.whole.contest.slug, unit=team)
    filled = shown.panels[0].fill(team=team, foot=foot, href=href, lines_part=hole("lines_part"))
    return Mould(filled)


def _may(actor: Actor, found: Contest, today: date) -> dict[str, bool]:
    """Which buttons the page offers; the services check again."""
    state = found.state
    approves = access.may(actor, "contest.approve_launch", found, today)
    steers = access.may(actor, "contest.pause_resume", found, today)
    is_author = found.author_id is not None and found.author_id == actor.person_id
    return {
        "submit": state == "draft" and access.may(actor, "contest.submit", found, today),
        "approve": state == "submitted"
        and approves
        and (not is_author or not access.other_approvers(found.author_id)),
        "send_back": state == "submitted" and approves,
        "pause": state == "running" and steers,
        "resume": state == "paused" and steers,
        "cancel": state
        in {"draft", "submitted", "scheduled", "running", "paused", "grace", "provisional"}
        and access.may(actor, "contest.cancel", found, today),
        "doubt": state == "provisional"
        and scope_of(actor, "contest.dispute_open") is not Scope.NONE,
        "decide": state == "provisional"
        and access.may(actor, "contest.dispute_decide", found, today)
        and not is_author,
        "audit": access.may(actor, "contest.audit_view", found, today),
        "ceremony": steers,
    }
