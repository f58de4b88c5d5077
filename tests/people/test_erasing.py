"""Erasing somebody takes two administrators, leaves no trace of who it was, and moves no number."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import inspect, select, text

from core import audit, figures, history, outbox
from core.clock import now
from core.db import db, transaction
from core.errors import Conflict, Invalid, NotAllowed, NotFound, PennantError
from core.intake.models import ImportProblem, ImportRun, IntakeSetAside
from core.intake.registry import registry
from core.intake.runner import run_import
from core.policy import SYSTEM, Actor, Role
from people import jobs, queries, services
from people.models import (
    Account,
    AuthSession,
    Erasure,
    ExternalId,
    ForgottenName,
    Person,
    PersonalLink,
    PersonChange,
    Preference,
)
from people.rules import digest_of_name, erased_key, pseudonym, tells_who
from programme.models import Programme
from tests.factories.people import (
    PASSWORD,
    make_absence,
    make_account,
    make_membership,
    make_person,
)
from tests.factories.people import make_team as a_team
from tests.processes import BROKEN, NOTHING, TAKEN, race

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
GONE = date(2026, 10, 30)
NAME, MAIL, ALIAS, REF = (
    "Zo\u00eb O'Quillfeather",
    "zo.quillfeather@example.org",
    "Silver Arrow",
    "0055g00000QUILL",
)
CANARIES = ("quillfeather", "silver arrow", "0055g00000quill", "\\u00eb o'q", "o&#39;q")
[CLEAR] = (spec for spec in jobs.JOBS if spec.id == "clear-erased-names")
[FORGET] = (spec for spec in jobs.JOBS if spec.id == "forget-erased")


def acting(person):
    return Actor(person_id=person.id, role=Role(person.role), name=person.name)


@pytest.fixture
def admins(app):
    return [make_person(key=key, name=name, role="admin") for key, name in ADMINS]


ADMINS = (("A1", "Ada Quist"), ("A2", "Ben Ode"))


def letter(to, key, words, state=None):
    return outbox.Letter(
        kind="k",
        list_name="awards",
        person_id=to.id,
        subject=f"About {words}",
        text=f"{words} <{MAIL.upper()}> and {ALIAS}: well done.",
        html=f"<p>{words.replace(chr(39), '&#39;')}</p>",
        dedupe_key=key,
    )


@pytest.fixture
def leaver(app):
    """Somebody who left, with everything this room and the house keep about people."""
    boss = make_person(key="M1", name="Mo Boss", role="manager")
    person = make_person(
        key="HR-17",
        name=NAME,
        email=MAIL,
        alias=ALIAS,
        left_on=GONE,
        channel="direct",
        manager=boss,
    )
    team = a_team(2, name="North")
    make_membership(person, team)
    make_absence(person, date(2026, 5, 4))
    make_account(person)
    with transaction() as session:
        history.keep(queries.PERSON, {str(person.id): None}, NOW - timedelta(days=900))
        services.note_changes([person.id], NOW - timedelta(days=900))
        session.add(Preference(person_id=person.id))
        session.add(ExternalId(system="salesforce", ref=REF, person_id=person.id))
        session.add(ExternalId(system="badge", ref="77", person_id=person.id))
        session.add(
            PersonalLink(
                kind="reviews",
                key_hash="k" * 64,
                name=f"{NAME}'s phone",
                person_id=person.id,
                created_at=NOW,
                expires_at=NOW + timedelta(days=9),
            )
        )
        session.add(
            AuthSession(
                id_hash="s" * 64,
                person_id=person.id,
                account_version=1,
                created_at=NOW,
                seen_at=NOW,
                expires_at=NOW + timedelta(days=7),
            )
        )
        run = ImportRun(kind="usage", file=f"{NAME}.csv", started_at=NOW)
        session.add(run)
        session.flush()
        session.add(
            ImportProblem(
                run_id=run.id,
                row=3,
                field="email",
                code="key_taken",
                value=MAIL,
                message=f"{NAME}?",
            )
        )
        session.add_all(
            IntakeSetAside(
                digest=f"{place}" * 64,
                kind="usage",
                file="usage.csv",
                line=place,
                raw=raw,
                code="unknown_person",
                ref="x",
                created_at=NOW,
            )
            for place, raw in enumerate(ASIDE)
        )
        outbox.post_all([letter(person, "to her", NAME), letter(boss, "to her manager", NAME)], NOW)
        outbox.suppress(person.id, "tips", reason="own wish", now=NOW)
    return person


ASIDE = (
    {"person_id": "P9", "kind": "login", "note": f"sent by {NAME}"},
    {"person_id": f"salesforce:{REF} | email:nobody@example.org", "kind": "login"},
    {"email": MAIL.upper(), "kind": "login"},
    {"person_id": "P9", "kind": "login", "note": "77"},
)


def say(person, actor, typed="", is_free=True, at=NOW):
    with transaction():
        return services.erase_person(
            person.id, typed=typed, is_free=is_free, actor=acting(actor), now=at
        )


def erase(leaver, admins):
    say(leaver, admins[0])
    done = say(leaver, admins[1], typed=leaver.key)
    assert done.is_erased
    return done


def clear():
    return CLEAR.run(NOW)


def written():
    """Every text of every table there is, as (table, column, what it says)."""
    for table in inspect(db.engine).get_table_names():
        for row in db.session.execute(text(f'SELECT * FROM "{table}"')).mappings():
            for column, value in row.items():
                yield table, column, json.dumps(value, default=str, ensure_ascii=False)


def traces(*canaries):
    return sorted(
        {
            (table, column)
            for table, column, said in written()
            if any(word in said.casefold() for word in canaries)
        }
    )


def actions():
    rows = db.session.execute(select(audit.AuditEntry.action, audit.AuditEntry.actor_id))
    return [tuple(row) for row in rows if row.action.startswith("people.")]


def test_one_asks_and_another_confirms(leaver, admins):
    ada, ben = admins
    assert say(leaver, ada).waits_for == ("Ben Ode",)
    assert say(leaver, ada, typed="HR-17").is_erased is False
    assert queries.card(leaver.id).name == NAME
    with pytest.raises(Invalid, match="Type HR-17"):
        say(leaver, ben, typed="p17")
    done = say(leaver, ben, typed="HR-17")
    assert (done.is_erased, done.key, done.was_alone) == (True, "HR-17", False)
    card = queries.card(leaver.id)
    assert (card.name, card.alias, card.status) == (f"Former colleague {leaver.id}", None, "erased")
    request = queries.erasure_of(leaver.id)
    assert (request.asked_by_id, request.confirmed_by_id) == (ada.id, ben.id)
    assert actions() == [("people.erase_asked", ada.id), ("people.erase_execute", ben.id)]
    assert audit.verify() is None
    with pytest.raises(NotFound):
        say(leaver, ada, typed="HR-17")


def test_the_other_administrator_is_told_without_a_name(leaver, admins, outbox):
    say(leaver, admins[0])
    say(leaver, admins[0])
    [told] = outbox.letters(kind="people.erasure_asked")
    assert told.person_id == admins[1].id
    assert "http://localhost/erasures" in told.text
    assert "quillfeather" not in (told.subject + told.text).casefold()


def test_nothing_anywhere_tells_who_it_was(leaver, admins):
    assert len(traces(*CANARIES)) > 10
    erase(leaver, admins)
    waiting = traces(*CANARIES)
    assert ("person", "name") not in waiting
    assert {("erasure", "words")} <= set(waiting)
    assert clear() == {"people": 1, "texts": 6}
    assert traces(*CANARIES) == []
    assert clear() == {"people": 0, "texts": 0}
    owned = (ExternalId, AuthSession, Account, Preference, PersonalLink)
    assert [table for table in owned if leaver.id in owners(table)] == []
    assert outbox.suppressed_lists(leaver.id) == set()
    hers, managers = db.session.scalars(
        select(outbox.OutboxLetter)
        .where(outbox.OutboxLetter.kind == "k")
        .order_by(outbox.OutboxLetter.id)
    )
    assert (hers.state, hers.due_at, hers.html) == ("cancelled", None, None)
    assert "emptied" in hers.text
    new = f"Former colleague {leaver.id}"
    assert (managers.state, managers.subject) == ("queued", f"About {new}")
    assert managers.text == f"{new} <erased-{leaver.id}@erased.invalid> and {new}: well done."
    assert managers.html == f"<p>{new}</p>"
    # A row that is somebody else's waits on, whatever number stands in it.
    assert [row.raw["note"] for row in db.session.scalars(select(IntakeSetAside))] == ["77"]


def owners(table):
    return set(db.session.scalars(select(table.person_id)))


def test_what_books_and_counts_refer_to_stays(leaver, admins):
    before = facts(leaver.id)
    erase(leaver, admins)
    clear()
    assert facts(leaver.id) == before
    person = db.session.get(Person, leaver.id)
    assert (person.role, person.left_on, person.channel) == ("rep", GONE, "direct")
    assert person.manager_id == leaver.manager_id
    newest, changed = queries.changes_after(0)
    assert leaver.id in changed
    assert newest == db.session.scalar(select(PersonChange.id).order_by(PersonChange.id.desc()))


def facts(person_id):
    """What reports read of a person, now and as of long ago."""
    calendar = queries.calendars([person_id])[person_id]
    spans = queries.memberships_of({person_id})
    past = history.past(queries.PERSON, NOW - timedelta(days=800))
    return calendar, spans, queries.reps_in_scope(), past


@pytest.mark.parametrize("is_asked_first", [True, False])
def test_the_only_administrator_decides_alone_and_the_trail_says_so(leaver, admins, is_asked_first):
    ada, ben = admins
    if is_asked_first:
        assert say(leaver, ada).waits_for
    with transaction() as session:
        session.get(Person, ben.id).left_on = GONE
    with pytest.raises(Invalid):
        say(leaver, ada)
    assert queries.card(leaver.id).status == "active"
    assert say(leaver, ada, typed="HR-17").was_alone
    entry = db.session.scalars(
        select(audit.AuditEntry).where(audit.AuditEntry.action == "people.erase_execute")
    ).one()
    assert entry.detail == {"asked_by": ada.id, "alone": True, "key_replaced": False}


def test_the_word_of_somebody_who_is_no_administrator_any_more_is_gone(leaver, admins):
    ada, ben = admins
    cai = make_person(key="A3", name="Cai Low", role="admin")
    say(leaver, ada)
    with transaction() as session:
        session.get(Person, ada.id).role = "rep"
    assert say(leaver, ben, typed="HR-17").waits_for == ("Cai Low",)
    assert queries.erasure_of(leaver.id).asked_by_id == ben.id
    assert say(leaver, cai, typed="HR-17").is_erased


def test_a_request_is_taken_back_or_refused(leaver, admins):
    ada, ben = admins
    for who, said in ((ada, "people.erase_withdrawn"), (ben, "people.erase_refused")):
        say(leaver, ada)
        with transaction():
            services.withdraw_erasure(leaver.id, actor=acting(who), now=NOW)
        assert actions()[-1] == (said, who.id)
        assert queries.erasure_of(leaver.id) is None
    with pytest.raises(NotFound), transaction():
        services.withdraw_erasure(leaver.id, actor=acting(ada), now=NOW)


def test_who_and_whom_it_may_not_be(leaver, admins):
    ada, ben = admins
    ops, here = make_person(role="sales_ops"), make_person(key="P1")
    last_day = make_person(key="P2", left_on=NOW.date())
    with pytest.raises(NotAllowed):
        say(leaver, ops)
    with pytest.raises(NotAllowed):
        say(ada, ada)
    with pytest.raises(NotAllowed), transaction():
        services.erase_person(leaver.id, typed="HR-17", is_free=True, actor=SYSTEM, now=NOW)
    for person in (here, last_day):
        with pytest.raises(Conflict, match="who has left"):
            say(person, ada)
    with pytest.raises(Invalid, match="legal hold"):
        say(leaver, ada, is_free=False)
    with transaction() as session:
        session.get(Person, ben.id).left_on = GONE
    with pytest.raises(NotAllowed):
        say(leaver, ben)
    assert db.session.scalars(select(Erasure)).all() == []


def test_of_two_who_confirm_at_once_one_does(leaver, admins):
    ada, ben = admins
    cai = make_person(key="A3", role="admin")
    say(leaver, ada)
    ids = [ben.id, cai.id]
    who, key = [Actor(ident, Role.ADMIN, "x") for ident in ids], leaver.key
    person_id = leaver.id

    def confirm() -> int:
        import multiprocessing

        number = int(multiprocessing.current_process().name.rpartition("-")[2])
        try:
            with transaction():
                done = services.erase_person(
                    person_id, typed=key, is_free=True, actor=who[number % 2], now=NOW
                )
        except NotFound:
            return NOTHING
        return TAKEN if done.is_erased else BROKEN

    assert sorted(race(4, confirm)) == [TAKEN, NOTHING, NOTHING, NOTHING]
    assert [action for action, _who in actions()].count("people.erase_execute") == 1
    assert queries.erasure_of(person_id).confirmed_by_id in ids
    assert audit.verify() is None


def test_a_clearing_that_breaks_off_happens_again_from_the_start(leaver, admins, monkeypatch):
    erase(leaver, admins)

    def broken(*_args, **_given):
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr("people.services.forgetting.replace_names", broken)
        with pytest.raises(RuntimeError):
            clear()
    assert ("erasure", "words") in traces(*CANARIES)
    clear()
    assert traces(*CANARIES) == []


@pytest.mark.parametrize("key", ["HR-17", MAIL, "zo.quillfeather", "QUILLFEATHERZ"])
def test_no_file_brings_them_back(leaver, admins, tmp_path, key):
    with transaction() as session:
        session.get(Person, leaver.id).key = key
    leaver = queries.card(leaver.id)
    done = erase(leaver, admins)
    clear()
    kept = key == "HR-17"
    assert done.key == (key if kept else f"erased-{leaver.id}")
    people = tmp_path / "people.csv"
    people.write_text(
        f"person_id,email,name\n{key},{MAIL},{NAME}\nP8,p8@example.org,Pia Acht\n", encoding="utf-8"
    )
    ids = tmp_path / "external_ids.csv"
    ids.write_text(f"system,ref,person_id\nsalesforce,{REF},{key}\n")
    summary = run_import([people, ids], kinds=registry().kinds, actor=SYSTEM, now=NOW)
    told = {file.kind: (file.added, file.changed, file.refused) for file in summary.files}
    assert told == {"people": (1, 0, 0), "external_ids": (0, 0, 0)}
    assert [problem.code for problem in summary.files[0].problems] == ["not_counted"]
    assert queries.card(leaver.id).name == pseudonym(leaver.id)
    assert owners(ExternalId) == set()
    FORGET.run(NOW)
    found = traces(*CANARIES)
    # The lists of what was wrong with that very file name the key it gave.
    assert [where for where in found if where[0] != "import_problem"] == []


def test_rows_other_systems_still_send_go_every_night(leaver, admins):
    erase(leaver, admins)
    clear()
    with transaction() as session:
        session.add_all(
            IntakeSetAside(
                digest=f"{place}" * 64,
                kind="usage",
                file="usage.csv",
                line=place,
                raw=raw,
                code="unknown_person",
                ref="x",
                created_at=NOW,
            )
            for place, raw in enumerate(ASIDE[1:], start=5)
        )
    assert FORGET.run(NOW) == {"rows": 2}
    assert FORGET.run(NOW) == {"rows": 0}
    assert db.session.scalars(select(ForgottenName.person_id)).all() == [leaver.id] * 3


@pytest.mark.parametrize(
    ("key", "does"),
    [
        ("HR-17", False),
        ("e-4711", False),
        ("anna@example.org", True),
        ("anna.berg", True),
        ("ABERG", True),
        ("bergan01", True),
        ("AB17", False),
    ],
)
def test_a_key_that_tells_who_it_is_is_no_pseudonym(key, does):
    assert tells_who(key, email="anna.berg@example.org", name="Anna-Li Berg") is does
    assert not tells_who(erased_key(17), email="anna.berg@example.org", name="Anna-Li Berg")


def test_a_name_is_known_however_it_is_written():
    assert digest_of_name("email:Ann@Example.org ") == digest_of_name("email:ann@example.org")
    assert digest_of_name("email:ann@example.org") != digest_of_name("key:ann@example.org")


@pytest.fixture
def enter(app, at):
    """enter(person) signs a person in with a fresh client."""
    at(NOW)

    def sign_in(person):
        make_account(person)
        client = app.test_client()
        answer = client.post("/sign-in", data={"email": person.email, "password": PASSWORD})
        assert answer.status_code == 302
        return client

    return sign_in


AGREED = {"free": "1", "typed": "HR-17"}


@pytest.mark.sqlite_only
def test_on_the_page_two_administrators_do_it(leaver, admins, enter):
    ada, ben = map(enter, admins)
    page = ada.get("/people/HR-17").text
    assert "/people/HR-17/erase" in page
    assert "two administrators" in ada.get("/people/HR-17/erase").text
    refused = ada.post("/people/HR-17/erase", data={})
    assert refused.status_code in {400, 422}
    assert "no legal hold" in refused.text
    assert ada.post("/people/HR-17/erase", data=AGREED).status_code == 302
    assert "Somebody else has to confirm" in ada.get("/people/HR-17/erase").text
    assert "Quillfeather" in ben.get("/erasures").text
    assert "Ada Quist asked for this" in ben.get("/people/HR-17/erase").text
    wrong = ben.post("/people/HR-17/erase", data=AGREED | {"typed": "HR"})
    assert "Type HR-17 to confirm" in wrong.text
    done = ben.post("/people/HR-17/erase", data=AGREED)
    assert done.location.endswith("/people/HR-17")
    page = ben.get("/people/HR-17").text
    assert "Who this was is not kept" in page
    assert "Quillfeather" not in page
    assert ben.get("/people/HR-17/erase").status_code == 404
    assert ben.post("/people/HR-17/erase", data=AGREED).status_code == 404
    assert "No erasure is waiting" in ben.get("/erasures").text


@pytest.mark.sqlite_only
def test_the_page_takes_a_request_back(leaver, admins, enter):
    ada, ben = map(enter, admins)
    ada.post("/people/HR-17/erase", data=AGREED)
    assert ben.post("/people/HR-17/erase/withdraw").status_code == 302
    assert queries.erasure_of(leaver.id) is None


@pytest.mark.sqlite_only
def test_the_page_is_for_administrators_freshly_signed_in(leaver, admins, enter, at):
    ops, ada = enter(make_person(role="sales_ops")), enter(admins[0])
    for path in ("/erasures", "/people/HR-17/erase"):
        assert ops.get(path).status_code == 403
    assert ops.post("/people/HR-17/erase", data=AGREED).status_code == 403
    assert "/erase" not in ops.get("/people/HR-17").text
    assert "Not yet" in ada.get("/people/A2/erase").text
    at(NOW + timedelta(minutes=11))
    stale = ada.post("/people/HR-17/erase", data=AGREED)
    assert stale.status_code == 403
    assert "signed in a while ago" in stale.text
    assert queries.erasure_of(leaver.id) is None


@pytest.mark.sqlite_only
def test_at_the_terminal(app, leaver, admins):
    run = app.test_cli_runner().invoke
    words = ["people", "erase", "HR-17", "--no-legal-hold"]
    asked = run(args=[*words, "--by", "A1", "--json"])
    assert (asked.exit_code, json.loads(asked.stdout)["waits_for"]) == (1, ["Ben Ode"])
    assert run(args=[*words, "--by", "A1", "--withdraw"]).exit_code == 0
    assert run(args=[*words, "--by", "A1"]).exit_code == 1
    assert run(args=[*words, "--by", "A2"]).exit_code == 2
    assert run(args=[*words, "--by", "M1", "--confirm", "HR-17"]).exit_code == 2
    done = run(args=[*words, "--by", "A2", "--confirm", "HR-17", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {"person_id": "HR-17", "erased": True, "waits_for": []}
    assert traces(*CANARIES) == []
    assert run(args=[*words, "--by", "A1"]).exit_code == 2
    assert run(args=["people", "erase", "nobody", "--by", "A1"]).exit_code == 2


PLACES = {"date": "2026-10-26", "month": "2026-09", "number": "1"}


def numbers(moment):
    """Every figure there is, and all results, awards and books."""
    owner = db.session.scalars(select(Programme)).one()
    said = {"start": "2026-08-03", "cohort_start": "2026-06-01", "week": "2026-10-19"}
    found = {}
    for name, figure in sorted(figures.registered().items()):
        given = {"as_of": moment.isoformat()}
        for param in figure.params:
            if param.required and param.kind in PLACES:
                given[param.name] = said.get(param.name, PLACES[param.kind])
        try:
            asked = figures.ask(figure, owner, given, moment)
            answer = figures.answer(figure, owner, asked, None)
            found[name] = json.dumps(answer["value"], default=str)
        except PennantError as missing:
            found[name] = missing.message
    for table in ("frozen_standing", "standing", "posting", "ledger_entry", "award", "daily_usage"):
        rows = db.session.execute(text(f'SELECT * FROM "{table}"'))
        found[table] = sorted(map(repr, rows))
    states = "SELECT slug, rules_hash, result_hash, state FROM contest ORDER BY slug"
    found["contest"] = db.session.execute(text(states)).all()
    return found


@pytest.mark.timeout(600)
def test_no_figure_no_result_and_no_book_moves(demo_app):
    """Some of the demo who left, their contests counted or under way, are erased."""
    moment = now()
    specs = {spec.id: spec for spec in demo_app.extensions["pennant"]["jobs"]}

    def work():
        for job in ("judge-adoption", "refresh-boards", "draw-adoption"):
            specs[job].run(moment)

    work()
    before = numbers(moment)
    told = [value for value in before.values() if isinstance(value, str) and value[0] in "{["]
    assert len(told) > 18
    assert len(before["frozen_standing"]) > 20
    ada = db.session.scalars(select(Person).where(Person.role == "admin")).one()
    left = db.session.execute(
        select(Person.id, Person.key, Person.name, Person.email).where(
            Person.left_on < moment.date(), Person.role == "rep"
        )
    ).all()
    counted = set(db.session.scalars(text("SELECT person_id FROM score_entry")))
    left = [row for row in left if row.id in counted][:5]
    assert len(left) > 2
    canaries = [word.casefold() for row in left for word in (row.name, row.email)]
    assert {table for table, _column in traces(*canaries)} >= {"person"}
    for row in left:
        with transaction():
            done = services.erase_person(
                row.id, typed=row.key, is_free=True, actor=acting(ada), now=moment
            )
        assert (done.is_erased, done.key) == (True, row.key)
    CLEAR.run(moment)
    FORGET.run(moment)
    assert traces(*canaries) == []
    assert numbers(moment) == before
    verified = demo_app.test_cli_runner().invoke(args=["audit", "verify"])
    assert verified.exit_code == 0, verified.output
    work()
    assert numbers(moment) == before
