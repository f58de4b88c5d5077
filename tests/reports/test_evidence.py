"""What a night counts is what the page shows until the next, and it reads back as it was."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, select

from adoption.models import UsageEvent
from adoption.rules.gaps import Gap
from core.db import db, transaction
from core.policy import SYSTEM
from core.stats import Estimate, Permutation
from people.models import Person
from programme.models import Programme
from programme.services import Draw, record_draw
from reports import jobs, queries
from reports.models import Evidence
from reports.rules import (
    AdjustedGap,
    Arm,
    Compared,
    GrowthGap,
    Known,
    Lift,
    Split,
    Stretch,
    Trial,
    UseRule,
    Verdict,
    from_plain,
    to_plain,
)
from tests.factories.adoption import make_deal, make_usage
from tests.factories.people import make_membership, make_person, make_team
from tests.factories.programme import make_programme

MONDAY = date(2026, 3, 2)
DAY = timedelta(days=1)
NIGHT = datetime(2026, 7, 15, 6, tzinfo=UTC)
NOON = datetime(2026, 7, 15, 16, tzinfo=UTC)

number = st.floats(allow_nan=False, allow_infinity=False)
maybe = st.none() | number
days = st.dates(date(2020, 1, 1), date(2030, 1, 1))
estimates = st.builds(Estimate, number, maybe, maybe, maybe)
gaps = st.builds(Gap, st.integers(0), st.integers(0), maybe, maybe, maybe, maybe)
splits = st.builds(Split, gaps, gaps, st.integers(0))
arms = st.builds(Arm, st.text(), st.integers(0), maybe)
lifts = st.builds(
    Lift,
    st.lists(arms).map(tuple),
    st.none() | estimates,
    st.text(),
    st.sampled_from(Verdict),
    st.text(),
)
trials = st.builds(Trial, st.text(), st.sampled_from(["rep", "team"]), days, days, lifts)
permutations = st.builds(Permutation, number, maybe, maybe, st.integers(0), st.booleans())
compared = st.builds(
    Compared,
    days,
    days,
    days,
    days,
    st.dictionaries(st.sampled_from(UseRule), splits),
    st.none() | st.builds(AdjustedGap, estimates, maybe),
    st.none() | st.builds(GrowthGap, st.integers(0), st.integers(0), estimates, permutations),
    st.lists(st.builds(Stretch, days, number, number), max_size=6).map(tuple),
)


@given(st.builds(Known, st.lists(trials, max_size=3).map(tuple), st.none() | compared))
def test_evidence_reads_back_as_it_was(known):
    assert from_plain(Known, json.loads(json.dumps(to_plain(known)))) == known


def make_company(owner, teams=8):
    """Teams of four, two of each use it; sales before and now; half of the teams drawn to start."""
    arms_of = {}
    for place in range(teams):
        team = make_team(members=0)
        arms_of[team.id] = "early" if place % 2 else "late"
        for part in range(4):
            person = make_person(enabled_on=MONDAY)
            make_membership(person, team)
            if part < 2:
                make_usage(owner, person, [MONDAY + n * DAY for n in range(1, 90, 2 + part)])
            for amount, on in ((900 * (4 - part) + place, 60), (500 * (4 - part), -9)):
                make_deal(person, stage="won", amount=amount, closed_on=MONDAY + on * DAY)
    with transaction():
        start = MONDAY + 35 * DAY
        record_draw(owner.id, Draw("spring", start, start + 13 * DAY, arms_of), SYSTEM, NIGHT)


def test_the_night_counts_what_would_be_counted_now(app):
    owner = make_programme()
    make_company(owner)
    assert queries.stored(owner) is None
    assert jobs.count_evidence(NIGHT) == {"programmes": 1}
    kept = queries.stored(owner)
    assert kept.counted_at == NIGHT
    assert kept.known == queries.count(owner, NIGHT)
    assert set(kept.known.compared.splits) == set(UseRule)
    assert kept.known.compared.adjusted is not None
    assert kept.known.compared.growth is not None
    assert [one.lift.verdict for one in kept.known.trials] != [Verdict.TOO_FEW]
    assert jobs.count_evidence(NIGHT + DAY) == {"programmes": 1}
    assert queries.stored(owner).counted_at == NIGHT + DAY


def forge(change):
    """Change the stored facts behind everybody's back."""
    with transaction() as session:
        row = session.scalars(select(Evidence)).one()
        facts = json.loads(json.dumps(row.facts))
        change(facts)
        row.facts = facts


def test_evidence_somebody_changed_is_named(app):
    owner = make_programme()
    make_company(owner)
    jobs.count_evidence(NIGHT)
    assert queries.verify() == []
    stored = to_plain(queries.stored(owner).known)
    before = f"evidence (programme_id {owner.id}), counted {NIGHT.isoformat()}: "

    mean = stored["compared"]["splits"]["any"]["gap"]["mean_with"]
    forge(lambda facts: facts["compared"]["splits"]["any"]["gap"].update(mean_with=mean + 1))
    path = "compared.splits.any.gap.mean_with"
    assert queries.verify() == [f"{before}{path}: stored is {mean + 1}; right is {mean}"]
    forge(lambda facts: facts["compared"]["splits"]["any"]["gap"].update(mean_with=mean))
    assert queries.verify() == []

    forge(lambda facts: facts["trials"][0]["lift"].update(verdict="lift"))
    assert queries.verify()[0].startswith(f"{before}trials[0].lift.verdict: stored is lift; right")
    jobs.count_evidence(NIGHT)
    assert queries.verify() == []
    forge(lambda facts: facts.update(compared=None))
    assert queries.verify()[0].startswith(f"{before}compared: stored is none; right is ")
    done = app.test_cli_runner().invoke(args=["audit", "verify", "--json"])
    assert done.exit_code == 1
    assert json.loads(done.stdout)["problems"] == queries.verify()


def test_evidence_holds_after_later_news_and_waits_after_other_settings(app):
    owner = make_programme()
    make_company(owner)
    jobs.count_evidence(NIGHT)
    known = queries.count(owner, NIGHT)
    without = db.session.scalars(select(Person).order_by(Person.id.desc())).first()
    make_usage(owner, without, [NIGHT.date() - 40 * DAY], received_at=NIGHT + DAY)
    assert queries.count(owner, NIGHT + DAY) != known
    assert queries.verify() == []
    forge(lambda facts: facts["trials"].clear())
    assert len(queries.verify()) == 1
    with transaction() as session:
        session.get(Programme, owner.id).min_group = 7
    assert queries.verify() == []
    jobs.count_evidence(NIGHT + DAY)
    forge(lambda facts: facts["trials"].clear())
    assert len(queries.verify()) == 1


def test_what_both_sides_sold_before_is_counted_by_four_weeks(app):
    """Hand-counted: deals of every team's four reps, two of whom use it, 15 weeks back."""
    owner = make_programme(launch_on=MONDAY)
    make_company(owner)
    assert queries.count(owner, NIGHT).compared.trend == ()
    for person in db.session.scalars(select(Person).where(Person.role == "rep")).all():
        for weeks, amount in ((1, 100), (5, 200), (11, 300), (12, 600)):
            make_deal(
                person, stage="won", amount=amount + person.id % 2,
                closed_on=MONDAY - 7 * weeks * DAY,
            )  # fmt: skip
    found = queries.count(owner, NIGHT).compared
    assert [one.start for one in found.trend] == [MONDAY - 28 * n * DAY for n in (3, 2, 1)]
    people = db.session.scalars(select(Person).where(Person.role == "rep")).all()
    users = set(db.session.scalars(select(UsageEvent.person_id).distinct()))
    for side in (True, False):
        ours = [one.id for one in people if (one.id in users) is side]
        odd = sum(ident % 2 for ident in ours) / len(ours)
        # The deals 9 days before the launch are those of the company: 500 times 4 to 1.
        own = 500 * (3.5 if side else 1.5)
        means = [900 + 2 * odd, 200 + odd, 100 + odd + own]
        got = [one.users if side else one.others for one in found.trend]
        assert got == pytest.approx(means)


def test_facts_an_older_version_counted_are_counted_anew(app):
    owner = make_programme()
    make_company(owner)
    jobs.count_evidence(NIGHT)
    forge(lambda facts: facts["compared"].pop("trend"))
    assert queries.stored(owner) is None
    jobs.count_evidence(NIGHT + DAY)
    assert queries.stored(owner) is not None


def test_before_the_launch_there_is_nothing_to_compare(app):
    owner = make_programme(launch_on=date(2026, 9, 1))
    jobs.count_evidence(NIGHT)
    assert queries.stored(owner).known == Known((), None)


def tables_read(visitor, **query):
    """The statements of one visit, and the page."""
    sent = []

    def note(connection, cursor, statement, parameters, context, many):
        sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    answer = visitor.get("/reports/impact", query_string=query)
    event.remove(db.engine, "before_cursor_execute", note)
    assert answer.status_code == 200
    return sent, answer.get_data(as_text=True)


def test_the_page_counts_no_history(app, sign_in_as, at):
    at(NOON)
    owner = make_programme()
    visitor = sign_in_as("sales_ops")
    make_company(owner)
    jobs.count_evidence(NIGHT)
    tables_read(visitor)
    sent, page = tables_read(visitor)
    assert not [one for one in sent if "usage" in one or "deal" in one or "membership" in one]
    assert "Counted Wed 15 Jul, 02:00" in page
    for person in make_team(members=9).members:
        make_deal(person, stage="won", amount=10**6, closed_on=MONDAY + 60 * DAY)
    assert tables_read(visitor)[1] == page
    later, other = tables_read(visitor, start="2026-04-05", last="2026-06-20", rule="landmark")
    assert [one for one in later if "deal" in one]
    assert "Sun 5 Apr 2026 to Sat 20 Jun 2026" in other
    for rule in UseRule:
        few, _page = tables_read(visitor, rule=rule.value)
        assert len(few) == len(sent)


@pytest.mark.sqlite_only
def test_without_a_night_yet_it_is_counted_at_once(app, sign_in_as, at):
    at(NOON)
    make_company(make_programme())
    assert "Counted Wed 15 Jul, 12:00" in tables_read(sign_in_as("director"))[1]
