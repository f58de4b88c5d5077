"""What is said in a talk is shown to the rep and the line that coaches the rep, and nowhere else.

Words nobody could hit upon by chance are put into every place where something is said. Then every
address of the house is opened by everybody, with the ids of real rows, and every link found on the
way; every command that prints a document is run; every letter is read.
"""

import html
import json
import re
from collections import defaultdict
from datetime import UTC, datetime
from functools import partial

import click
import pytest
from sqlalchemy import MetaData, select, text

from coaching import services
from coaching.models import CoachingItem
from core.db import db, transaction
from core.policy import SYSTEM
from people.models import Person
from people.services import create_token
from people.services.keys import SCOPES
from tests.coaching.secrets import COMMON, Secrets, plant
from tests.coaching.talks import DAY, MONDAY, REVIEW, make_talks
from tests.factories.incentives import actor
from tests.factories.people import make_person

NOW = datetime(2026, 11, 3, 15, tzinfo=UTC)
HREF = re.compile(r'(?:href|src|action|data-url)="(/[^"#]*)')
MOST_OF_ONE_PART = 3
# A part of a page that wants its moment named; a page for who is not signed in; nobody is erased.
WITHOUT_A_ROW = {"coaching.moment", "people.sign_in", "people.erasures"}
KEEPERS = {"fix", "coaching_note"}


@pytest.fixture
def told(demo_app, at):
    at(NOW)
    return plant(NOW)


def ids(statement):
    return [str(value) for value in db.session.scalars(text(statement))][:MOST_OF_ONE_PART]


SLUGS = {
    "teams": "SELECT slug FROM team WHERE name IN ('Team Priya', 'Team Marcus')",
    "tips": "SELECT slug FROM tip LIMIT 1",
    "campaigns": "SELECT slug FROM campaign LIMIT 1",
    "programmes": "SELECT slug FROM programme",
    "seasons": "SELECT slug FROM season LIMIT 1",
    "brackets": "SELECT slug FROM bracket LIMIT 1",
}
CONTEST = "SELECT slug FROM contest WHERE slug = 'autumn'"


def real_parts():
    """For each part of an address what rows of the demo would put there."""
    return {
        "uid": list(db.session.scalars(select(CoachingItem.uid))),
        "key": ids("SELECT key FROM person WHERE name IN ('Maya Torres', 'Leo Strand')"),
        "name": [*(figure.name for figure in _figures()), "teams"],
        "course": ids("SELECT slug FROM course LIMIT 1"),
        "letter_id": _letters(),
        "award_id": ids("SELECT id FROM award LIMIT 1"),
        "run_id": ids("SELECT id FROM import_run LIMIT 1"),
        "reason": ["unknown_person"],
    }


def _figures():
    from core.figures import registered

    return registered().values()


def _letters():
    """The newest coaching letters, and one of another kind."""
    return [
        *ids("SELECT id FROM outbox_letter WHERE list_name = 'coaching' ORDER BY id DESC LIMIT 5"),
        *ids("SELECT id FROM outbox_letter WHERE list_name <> 'coaching' LIMIT 1"),
    ]


def addresses(app):
    """Every address one may open, by rule; a part nothing is known of gets a stand-in."""
    parts, found = real_parts(), defaultdict(set)
    for rule in app.url_map.iter_rules():
        if "GET" not in rule.methods or rule.endpoint == "static":
            continue
        ways = [{}]
        for name in sorted(rule.arguments):
            slugs = SLUGS.get(rule.rule.removeprefix("/api/v1").split("/")[1], CONTEST)
            values = (ids(slugs) if name == "slug" else parts.get(name)) or ["1"]
            ways = [way | {name: value} for way in ways for value in values]
        with app.test_request_context():
            for way in ways:
                built = rule.build({name: _typed(rule, name, value) for name, value in way.items()})
                if built is not None:
                    found[rule.rule].add(built[1])
    return found


def _typed(rule, name, value):
    wants_number = "Integer" in type(rule._converters[name]).__name__
    if not wants_number:
        return value
    return int(value) if value.isdigit() else 1


class Crawl:
    """Opens addresses as one reader and notes what was shown, and what should not have been."""

    def __init__(self, told, name, person_id, client, headers=None):
        self.told, self.name, self.person_id = told, name, person_id
        self.client, self.headers = client, headers or {}
        self.shown, self.seen, self.links, self.shapes, self.leaks = {}, set(), set(), set(), []

    def open(self, address, **given):
        answer = self.client.get(address, headers=self.headers, **given)
        self.read(address, answer)
        return answer

    def is_worth(self, link):
        """Every link about talks, of the others those of one's own pages, one for each query."""
        if "coaching" in link:
            return True
        shape = re.sub(r"=[^&]*", "", re.sub(r"/[^/?]*[0-9][^/?]*", "/1", link))
        is_new = link in self.links and shape not in self.shapes and self.name in LOOKING_AFTER
        self.shapes.add(shape)
        return is_new

    def read(self, address, answer):
        self.shown[address] = answer.status_code
        body = answer.get_data(as_text=True)
        text_ = html.unescape(f"{answer.headers} {body}")
        self.seen |= {secret for secret in self.told.readers if secret in text_}
        found = self.told.leaked(text_, self.person_id)
        self.leaks += [f"{self.name} at {address}: {secret}" for secret in found]
        assert answer.status_code < 500, f"{self.name} at {address}: {answer.status_code}"
        if answer.mimetype == "text/html":
            self.links |= {
                html.unescape(link) for link in HREF.findall(answer.get_data(as_text=True))
            }


LOOKING_AFTER = {"sales ops", "admin", "director", "former lead", "marcus"}
NEAR = re.compile(r"/(coaching|feeds|me|people|teams|admin/outbox|$)")
SEARCHES = ("/people", "/figures", "/coaching", "/imports", "/training", "/tips", "/admin/outbox")


@pytest.fixture
def crawls(demo_app, told, sign_in_demo):
    """A reader for everybody who may sign in, one for each kind of token, and a stranger."""
    found = [
        Crawl(told, name, person.id, sign_in_demo(person)) for name, person in told.actors.items()
    ]
    for scope in SCOPES:
        with transaction():
            token = create_token(scope, (scope,), days=30, actor=SYSTEM, now=NOW)
        headers = {"Authorization": f"Bearer {token}"}
        found.append(Crawl(told, f"token {scope}", None, demo_app.test_client(), headers))
    found.append(Crawl(told, "stranger", None, demo_app.test_client()))
    return found


@pytest.fixture
def sign_in_demo(demo_app):
    from people.models import Account
    from tests.factories.people import CHEAP_HASH, PASSWORD, make_account

    def sign_in(person):
        account = db.session.get(Account, person.id)
        if account is None:
            make_account(person)
        else:
            with transaction():
                db.session.get(Account, person.id).password_hash = CHEAP_HASH
        visitor = demo_app.test_client()
        answer = visitor.post("/sign-in", data={"email": person.email, "password": PASSWORD})
        assert answer.status_code in {302, 303}, person.name
        return visitor

    return sign_in


@pytest.mark.timeout(900)
def test_no_address_shows_a_word_to_anybody_outside(demo_app, told, crawls, engine):
    """On the second database where talks, people and letters are shown; all else on the first."""
    found = addresses(demo_app)
    everywhere = sorted({address for built in found.values() for address in built})
    if engine != "sqlite":
        everywhere = [address for address in everywhere if NEAR.match(address)]
    for crawl in crawls:
        for address in everywhere:
            crawl.open(address)
        for address in SEARCHES:
            crawl.open(address, query_string={"q": COMMON, "search": COMMON, "state": COMMON})
    asked = set(everywhere)
    links = {link for crawl in crawls for link in crawl.links if "/static/" not in link} - asked
    for crawl in crawls:
        for address in sorted(link for link in links if crawl.is_worth(link)):
            crawl.open(address)
    assert [leak for crawl in crawls for leak in crawl.leaks] == []
    assert_it_looked(demo_app, crawls)
    assert_readers_read(told, crawls)


def assert_it_looked(app, crawls):
    """An address nobody was shown anything at was not tested: a real row is wanted for it."""
    ways = app.url_map.bind("localhost")
    shown = set()
    for crawl in crawls:
        for address, status in crawl.shown.items():
            if status == 200:
                shown.add(ways.match(address.partition("?")[0])[0])
    blind = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "GET" in rule.methods and rule.endpoint not in shown
    }
    unseen = {each for each in blind if each.startswith(("coaching.", "people.", "outbox."))}
    assert sorted(unseen - WITHOUT_A_ROW) == []


def assert_readers_read(told, crawls):
    """Who may read a word does: otherwise nothing was hidden, there was nothing to see."""
    seen = {crawl.person_id: crawl.seen for crawl in crawls}
    unread = {
        (secret, person_id)
        for secret, readers in told.readers.items()
        for person_id in readers
        if secret not in seen[person_id]
    }
    names = {crawl.person_id: crawl.name for crawl in crawls}
    assert sorted((secret, names[person_id]) for secret, person_id in unread) == []


def test_no_other_table_keeps_a_word(demo_app, told):
    """A copy kept elsewhere would need a second guard: there is none to forget."""
    assert sorted(tables_with_secrets(told) - KEEPERS) == []


def tables_with_secrets(told):
    tables = MetaData()
    tables.reflect(db.session.connection())
    found = set()
    for name, table in tables.tables.items():
        for row in db.session.execute(select(table)):
            if any(isinstance(each, str | dict | list) and "quokka" in str(each) for each in row):
                found.add(name)
    return found


def test_no_command_prints_a_word(demo_app, told):
    """Every command that gives a document, run as far as it runs without being told more."""
    ran = []
    for path, command in commands(demo_app.cli):
        names = {param.name: param for param in command.params}
        if "as_json" not in names or path[0] == "import":
            continue
        for more in arguments_for(path):
            done = demo_app.test_cli_runner().invoke(args=[*path, *more, "--json"])
            told_words = f"{done.output}{done.stderr if done.stderr_bytes else ''}"
            assert told.leaked(told_words, None) == [], path
            if done.exit_code == 0:
                ran.append(" ".join(path))
                assert json.loads(done.stdout) is not None
    assert {"figures", "outbox show", "contests list", "jobs list", "audit verify"} <= set(ran)


def commands(group, path=()):
    with click.Context(group) as context:
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            if isinstance(command, click.Group):
                yield from commands(command, (*path, name))
            else:
                yield (*path, name), command


FIGURES = {
    "due_behaviour_coverage": ["start=2026-09-01", "end=2026-11-01", "through=2026-10-31"],
    "missed_moments": ["through=2026-10-31"],
    "coaching_pick": ["week_end=2026-10-31"],
    "leak": [],
    "team_gap": ["a=0.25", "b=0.8"],
}


def arguments_for(path):
    """What a command wants to know: each figure of the loop, a contest, nothing."""
    if path == ("figures",):
        for name, given in FIGURES.items():
            asked = [part for pair in given for part in ("-p", pair)]
            yield [name, "--programme", "csp", *asked]
    elif path[0] == "contests":
        yield from ([], ["autumn"])
    else:
        yield []


@pytest.fixture
def talked(app, at):
    """A whole talk by the room's own verbs, each with a secret; who may read them."""
    at(MONDAY)
    talks = make_talks()
    boss = make_person(role="director", enabled_on=None)
    with transaction() as session:
        session.get(Person, talks.team.lead.id).manager_id = boss.id
    talks.prepare()
    rep, lead = actor(talks.reps[0]), talks.lead
    told = Secrets(actors={"rep": talks.reps[0], "lead": talks.team.lead})
    moment, uid = talks.moments(0)[0].id, talks.item(0).uid
    words = partial(told.words, "said", "rep", "lead")

    def do(verb, *given, now=MONDAY, **more):
        with transaction():
            return verb(*given, **more, now=now)

    do(services.hand_back, uid, moment, words(), actor=lead)
    do(services.edit_fix, uid, words(), actor=lead)
    do(services.acknowledge, uid, actor=rep)
    do(services.say, uid, "comment", words(), actor=rep)
    doubt = do(services.say, uid, "dispute", words(), actor=rep)
    do(services.answer_dispute, doubt.id, "stands", words(), actor=lead)
    at(REVIEW)
    for job in ("remind-reviews", "close-reviews", "deliver-letters"):
        app.test_cli_runner().invoke(args=["jobs", "once", job, "--as-of", REVIEW.isoformat()])
    do(services.record_review, uid, words=words(), actor=lead, now=REVIEW)
    for day in (1, 7, 8):
        moment_then = REVIEW + day * DAY
        at(moment_then)
        for job in ("close-reviews", "deliver-letters"):
            app.test_cli_runner().invoke(
                args=["jobs", "once", job, "--as-of", moment_then.isoformat()]
            )
    do(services.say, uid, "addendum", words(), actor=lead, now=REVIEW + 8 * DAY)
    return told


def test_a_letter_says_its_words_to_the_rep_and_the_author_alone(talked, outbox):
    letters = outbox.letters()
    assert {letter.kind for letter in letters} >= {
        "coaching.your_next_step",
        "coaching.review_invited",
        "coaching.review_today",
    }
    seen = 0
    for letter in letters:
        parts = (letter.subject, letter.text, letter.html, letter.calendar, letter.reason)
        said = html.unescape(" ".join(str(part) for part in parts))
        assert talked.leaked(said, letter.person_id) == [], letter.kind
        assert talked.leaked(f"{letter.subject} {letter.calendar}", None) == [], letter.kind
        seen += "quokka" in said
    assert seen >= 2


def test_words_are_kept_with_the_talk_and_in_letters_and_nowhere_else(talked, caplog):
    """Not in the audit trail, not in what jobs counted, not in the log."""
    assert sorted(tables_with_secrets(talked) - {*KEEPERS, "outbox_letter"}) == []
    assert "quokka" not in caplog.text
