"""The page of signal rules, and a rep's list of stalled deals with its button."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import event, select

from adoption import services
from adoption.forms.rules import RuleForm, form_of_rule, rule_of_form, slug_of
from adoption.models import Signal, SignalRule
from adoption.queries import stalled
from adoption.rules.quiet import QuietRule, Since
from core.audit import AuditEntry
from core.db import db, transaction
from core.policy import SYSTEM
from tests.factories.adoption import make_deal, make_event, make_signal, make_usage
from tests.factories.people import make_person
from tests.factories.programme import make_programme

MONDAY = date(2026, 3, 2)
DAY = timedelta(days=1)
# Tuesday 10 March, the morning in New York.
NOW = datetime(2026, 3, 10, 14, tzinfo=UTC)
FORM = {"title": "After the offer", "quiet_days": "5", "since": "proposal", "kinds": []}


def on(number):
    return MONDAY + number * DAY


def at_nine(number):
    return datetime(2026, 3, 2, 14, tzinfo=UTC) + number * DAY


def rep(**given):
    return make_person(**{"enabled_on": on(-60), **given})


# Forms


def test_a_sound_form_is_a_rule_and_a_rule_fills_its_form():
    typed = RuleForm(
        title="  Big   deals ", quiet_days=" 7", since="created", kinds=("a",),
        least_amount="5,000.50",
    )  # fmt: skip
    plan, _form = rule_of_form(typed, ("a", "b"), ())
    expected = QuietRule(
        "big-deals", "Big deals", 7, Since.CREATED, frozenset("a"), Decimal("5000.50")
    )
    assert plan == expected
    again, _form = rule_of_form(form_of_rule(plan), ("a",), {"big-deals"})
    assert again == plan


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 121}, "title"),
        ({"title": "!!!"}, "title"),
        ({"title": "Tákén"}, "title"),
        ({"quiet_days": "0"}, "quiet_days"),
        ({"quiet_days": "366"}, "quiet_days"),
        ({"quiet_days": "-1"}, "quiet_days"),
        ({"quiet_days": "1.5"}, "quiet_days"),
        ({"quiet_days": "٣"}, "quiet_days"),
        ({"since": "yesterday"}, "since"),
        ({"kinds": ("b",)}, "kinds"),
        ({"least_amount": "many"}, "least_amount"),
        ({"least_amount": "-1"}, "least_amount"),
        ({"least_amount": "NaN"}, "least_amount"),
        ({"least_amount": "1e99"}, "least_amount"),
    ],
)
def test_what_is_wrong_is_named_at_its_field(change, field):
    typed = RuleForm(**{"title": "Fine", **change})
    plan, form = rule_of_form(typed, ("a",), {"taken"})
    assert plan is None
    assert list(form.problems) == [field]


def test_names_are_cut_at_a_sound_length():
    assert slug_of("Nach dem Angebot: größer als 5") == "nach-dem-angebot-groer-als-5"
    assert len(slug_of("word " * 30)) <= 40


# The page of rules


@pytest.fixture
def ops(app, sign_in_as, at):
    make_programme(name="Relay")
    at(NOW)
    return sign_in_as("sales_ops")


def post(client, **change):
    return client.post("/adoption/signals", data={**FORM, **change})


def rule_row():
    db.session.rollback()
    return db.session.scalars(select(SignalRule)).one()


@pytest.mark.sqlite_only
@pytest.mark.parametrize("role", ["rep", "manager", "director", "executive", "admin"])
def test_only_sales_operations_make_rules(app, sign_in_as, role):
    make_programme()
    client = sign_in_as(role)
    assert client.get("/adoption/signals").status_code == 403
    assert post(client).status_code == 403
    assert client.post("/adoption/signals/x/switch").status_code == 403
    assert db.session.scalars(select(SignalRule)).all() == []


def test_a_rule_is_previewed_saved_changed_and_switched(ops):
    one = rep()
    for number in range(3):
        make_deal(one, deal_key=f"D{number}", proposal_on=on(number), amount=Decimal(30000))
    empty = ops.get("/adoption/signals").get_data(as_text=True)
    assert "No rule watches for deals that go quiet." in empty
    told = post(ops, act="preview").get_data(as_text=True)
    # Due on 7, 8 and 9 March; today is the 10th.
    assert "This would have fired 3 signals in the last 28 days" in told
    assert "on 3 deals of 1 rep" in told
    assert db.session.scalars(select(SignalRule)).all() == []
    assert db.session.scalars(select(Signal)).all() == []

    assert post(ops, act="save").status_code == 303
    row = rule_row()
    assert (row.slug, row.quiet_days, row.is_on, row.version) == ("after-the-offer", 5, False, 1)
    assert ops.post("/adoption/signals/after-the-offer/switch", data={"is_on": "1"}).location
    assert (rule_row().is_on, rule_row().fires_from) == (True, date(2026, 3, 11))
    page = ops.get("/adoption/signals?rule=after-the-offer").get_data(as_text=True)
    assert "1 of 1 rule watches for deals that go quiet." in page
    assert "On from" in page
    assert re.search(r'name="title"[^>]*value="After the offer"', page)

    changed = {"slug": "after-the-offer", "quiet_days": "6", "kinds": ["guided_use"]}
    assert post(ops, act="save", **changed).status_code == 303
    assert (rule_row().quiet_days, rule_row().kinds, rule_row().version) == (6, ["guided_use"], 3)
    ops.post("/adoption/signals/after-the-offer/switch", data={"is_on": "0"})
    assert not rule_row().is_on
    ours = select(AuditEntry).where(AuditEntry.subject == "signal_rule:after-the-offer")
    assert len(db.session.scalars(ours).all()) == 4


@pytest.mark.sqlite_only
def test_a_faulty_form_comes_back_with_its_words(ops):
    told = post(ops, title="Offers <b>", quiet_days="zero", act="save")
    page = told.get_data(as_text=True)
    assert told.status_code == 422
    assert "Give whole days, from 1 to 365." in page
    assert 'value="Offers &lt;b&gt;"' in page
    assert post(ops, act="save").status_code == 303
    assert post(ops, act="save").status_code == 422
    assert post(ops, slug="nothing", act="save").status_code == 404
    assert ops.get("/adoption/signals?rule=nothing").status_code == 404
    assert ops.post("/adoption/signals/nothing/switch", data={"is_on": "1"}).status_code == 404


@pytest.mark.sqlite_only
def test_the_data_page_leads_there(ops):
    assert "/adoption/signals" in ops.get("/adoption/data").get_data(as_text=True)


# A rep's own list


@pytest.fixture
def week(app, at):
    """A rep with seven deals, of which three wait."""
    owner, me, other = make_programme(name="Relay"), rep(key="P1"), rep(key="P2")
    names = ("waits", "overdue", "run", "lost", "aside", "theirs", "ancient")
    deals = {}
    for name in names:
        mine = other if name == "theirs" else me
        deals[name] = make_deal(
            mine, deal_key=name, account=name.title(), proposal_on=on(-3), amount=Decimal(30000)
        )
    make_signal(me, "waits", at_nine(7), signal_key="waits")
    make_signal(me, "overdue", at_nine(0), signal_key="overdue")
    make_signal(me, "run", at_nine(7), signal_key="run")
    make_signal(me, "lost", at_nine(7), signal_key="lost")
    make_signal(me, "aside", at_nine(7), signal_key="aside", dismissed_at=at_nine(7))
    make_signal(other, "theirs", at_nine(7), signal_key="theirs")
    make_signal(me, "ancient", at_nine(-40), signal_key="ancient")
    make_signal(me, "never-brought", at_nine(7), signal_key="never-brought")
    make_event(owner, other, at_nine(7) + timedelta(hours=1), kind="sequence_run", object_id="run")
    make_usage(owner, other, [on(5)], kind="opened", object_id="waits")
    closed = {"deal_key": "lost", "person_id": me.id, "stage": "lost", "closed_on": on(7)}
    with transaction():
        services.record_deals([closed], at_nine(7))
    at(NOW)
    return owner, me, other


def test_the_list_holds_what_waits_with_its_days(week):
    owner, me, _other = week
    rows = stalled.own_stalled(owner, me.id, NOW)
    assert [(row.deal_key, row.quiet_days, row.due, row.is_due_past) for row in rows] == [
        ("never-brought", 1, on(9), False),
        ("waits", 3, on(9), False),
        ("overdue", 11, on(2), True),
    ]
    assert (rows[1].name, rows[1].amount) == ("Waits", Decimal(30000))


def test_a_rep_reads_the_list_and_sets_a_deal_aside(week, sign_in_as):
    owner, me, _other = week
    client = sign_in_as(me)
    page = client.get("/").get_data(as_text=True)
    assert "Your stalled deals" in page
    assert "3 open" in page
    assert "quiet for 3 days" in page
    assert "sequence run" in page
    assert "Theirs" not in page
    assert client.post("/adoption/signals/dismiss", data={"signal": "waits"}).status_code == 303
    page = client.get("/").get_data(as_text=True)
    assert "2 open" in page
    db.session.rollback()
    row = db.session.scalars(select(Signal).where(Signal.signal_key == "waits")).one()
    assert (row.dismissed_at, row.dismissed_by) == (NOW, me.id)
    # Dismissed first and done in time still counts (METRICS S3).
    make_event(owner, me, at_nine(9), kind="sequence_run", object_id="waits")
    from adoption.queries.occasions import occasions

    found = {one.opener.key: one.status for one in occasions(owner, on(9), at_nine(10))}
    assert found["waits"] == "on_time"


def test_others_signals_are_not_there(week, sign_in_as):
    _owner, me, _other = week
    client = sign_in_as(me)
    for key in ("theirs", "none", ""):
        told = client.post("/adoption/signals/dismiss", data={"signal": key})
        assert told.status_code == 404, key
    db.session.rollback()
    stands = dict(db.session.execute(select(Signal.signal_key, Signal.dismissed_by)).all())
    assert set(stands.values()) == {None}


@pytest.mark.sqlite_only
def test_nothing_waits_and_nothing_watches(app, at, sign_in_as):
    owner, me = make_programme(), rep()
    at(NOW)
    client = sign_in_as(me)
    assert "Your stalled deals" not in client.get("/").get_data(as_text=True)
    with transaction():
        services.save_rule(owner.id, QuietRule("r", "R", 5, Since.CREATED), actor=SYSTEM, now=NOW)
        services.switch_rule(owner.id, "r", is_on=True, actor=SYSTEM, now=NOW)
    page = client.get("/").get_data(as_text=True)
    assert "No deal of yours waits." in page
    assert "Your stalled deals" not in sign_in_as("manager").get("/").get_data(as_text=True)


@pytest.mark.sqlite_only
def test_the_list_asks_as_much_for_many_deals_as_for_one(week):
    owner, me, _other = week
    asked = []

    def count(_connection, _cursor, statement, *_rest):
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", count)
    stalled.own_stalled(owner, me.id, NOW)
    few = len(asked)
    for number in range(20):
        make_signal(me, f"more-{number}", at_nine(7))
    asked.clear()
    assert len(stalled.own_stalled(owner, me.id, NOW)) == 23
    assert len([each for each in asked if each.startswith("SELECT")]) <= few
    event.remove(db.engine, "before_cursor_execute", count)
