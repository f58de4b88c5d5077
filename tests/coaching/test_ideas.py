"""The library of fixes: filling, offering, and what is learnt from the reviews."""

import string
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coaching.queries import ideas as queries
from coaching.rules.ideas import (
    ABOUT,
    ANY,
    BUILT_IN,
    FEWEST_TO_TELL,
    PLACEHOLDERS,
    Blanks,
    Followed,
    Idea,
    doubts,
    fill,
    is_still,
    ranked,
    slug_of,
    suggest,
    unknown_placeholders,
)
from coaching.services import ideas as services
from coaching.services.ideas import Draft
from core.audit import AuditEntry
from core.db import db, transaction
from core.errors import Conflict, Invalid, NotAllowed, NotFound
from core.policy import Actor, Role
from core.stats import wilson
from tests.coaching.loops_made import make_fix
from tests.factories.people import make_person, make_team
from tests.factories.programme import make_programme

MONDAY = date(2026, 3, 2)
WEEK = timedelta(days=7)
NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)
BLANKS = Blanks("Calder", "Isaac", "Monday", "09:30")
texts = st.text(st.characters(exclude_characters="{}"), max_size=20)


def idea(slug, about=ANY, words="Run it."):
    return Idea(slug, slug, words, about)


class TestWords:
    def test_every_built_in_idea_is_sound_and_fills(self):
        assert len({each.slug for each in BUILT_IN}) == len(BUILT_IN) == 8
        for each in BUILT_IN:
            assert doubts(each.title, each.words, each.about) == {}
            assert "Calder" in (filled := fill(each.words, BLANKS))
            assert "{" not in filled
        assert {each.about for each in BUILT_IN} == set(ABOUT)

    def test_each_blank_goes_where_it_belongs(self):
        words = "{rep}: {account}, {weekday} {time}"
        assert fill(words, BLANKS) == "Isaac: Calder, Monday 09:30"

    @given(texts, texts)
    def test_what_a_blank_holds_is_never_filled_again(self, left, right):
        tricky = Blanks("{rep} {x} {", "{account}", "}", "{time}")
        filled = fill(f"{left}{{account}}{right}{{rep}}", tricky)
        assert filled == f"{left}{{rep}} {{x}} {{{right}{{account}}"

    @given(st.text(string.printable, max_size=12).filter(lambda name: name not in PLACEHOLDERS))
    def test_an_unknown_placeholder_is_refused(self, name):
        words = f"Call {{{name}}} today"
        assert unknown_placeholders(words)
        assert "words" in doubts("Call", words, ANY)
        with pytest.raises(ValueError, match="no placeholder"):
            fill(words, BLANKS)

    @pytest.mark.parametrize(
        "words", ["a { b", "a } b", "{}", "{{account}}", "{account.__class__}"]
    )
    def test_stray_braces_and_paths_are_refused(self, words):
        with pytest.raises(ValueError, match="no placeholder"):
            fill(words, BLANKS)

    def test_a_slug_is_free_and_short(self):
        assert slug_of("Two dates, please!") == "two-dates-please"
        assert slug_of("Two dates", {"two-dates", "two-dates-2"}) == "two-dates-3"
        assert slug_of("äöü") == "idea"
        assert len(slug_of("long " * 40, {slug_of("long " * 40)})) <= 60

    def test_edited_words_stay_the_ideas_and_own_words_do_not(self):
        long_name = Blanks("Van der Berg & Sons", "Isaac", "Monday", "09:30")
        for each in BUILT_IN:
            for blanks in (BLANKS, long_name):
                filled = fill(each.words, blanks)
                assert is_still(each.words, filled)
                assert is_still(each.words, f"Please: {filled.replace('Today', 'By noon')}")
            others = [fill(one.words, BLANKS) for one in BUILT_IN if one is not each]
            assert not any(is_still(each.words, other) for other in others)
            assert not is_still(each.words, "Call Mrs Ito and ask what stops her from signing.")
            assert not is_still(each.words, "")


class TestOffering:
    def test_ideas_about_this_way_come_first_then_by_shrunk_rate(self):
        ideas = [idea("all"), idea("late", "late"), idea("b", "ignored"), idea("a", "ignored")]
        followed = {"all": Followed(done=90), "b": Followed(done=6, not_done=4)}
        order = [each.slug for each in ranked(ideas, followed, "ignored")]
        # Pooled 96 of 100; b is drawn to (6 + 9.6) / 20 and stands below the untried a.
        assert order == ["a", "b", "all"]
        assert suggest(ideas, followed, "late").slug == "late"
        assert suggest([idea("x", "late")], {}, "ignored") is None

    def test_one_lucky_fix_does_not_win_over_many(self):
        ideas = [idea("lucky"), idea("proven"), idea("poor")]
        followed = {
            "lucky": Followed(done=1),
            "proven": Followed(done=45, not_done=5),
            "poor": Followed(done=5, not_done=45),
        }
        assert suggest(ideas, followed, "late").slug == "proven"

    @given(
        st.dictionaries(
            st.sampled_from("abcdef"),
            st.builds(Followed, st.integers(0, 40), st.integers(0, 40), st.integers(0, 9)),
        ),
        st.permutations([idea(slug, ABOUT[n % 4]) for n, slug in enumerate("abcdef")]),
        st.sampled_from(ABOUT[:3]),
    )
    def test_the_order_asks_neither_for_the_rows_order_nor_for_what_shows_nothing(
        self, followed, ideas, status
    ):
        order = ranked(ideas, followed, status)
        assert order == ranked(sorted(ideas, key=lambda each: each.slug), followed, status)
        bare = {slug: Followed(one.done, one.not_done) for slug, one in followed.items()}
        assert order == ranked(ideas, bare, status)
        assert {each.about for each in order} <= {status, ANY}

    def test_too_few_decided_fixes_tell_nothing(self):
        assert not Followed(done=FEWEST_TO_TELL - 1, no_chance=50, stated=50).tells
        assert Followed(done=4, not_done=FEWEST_TO_TELL - 4).tells


def act(person):
    return Actor(person.id, Role(person.role), person.name)


@pytest.fixture
def world(app):
    owner = make_programme()
    team = make_team(members=4)
    return owner, team


class TestLearning:
    def test_what_followed_is_counted_by_what_events_showed(self, world):
        owner, team = world
        slug = BUILT_IN[0].slug
        seen = {"outcome": "done", "proof": "event"}
        rows = [
            seen,
            seen,
            {"outcome": "not_done", "proof": "event"},
            {"outcome": "no_chance"},
            {"outcome": "not_done", "proof": "statement"},
            {"missed_by": "manager"},
        ]
        for number, shown in enumerate(rows):
            make_fix(owner, team, team.members[0], MONDAY + number * WEEK, slug, **shown)
        make_fix(owner, team, team.members[1], MONDAY + 10 * WEEK, slug, state="coached")
        make_fix(owner, team, team.members[1], MONDAY + 11 * WEEK, None, **seen)
        make_fix(owner, team, team.members[1], MONDAY + 12 * WEEK, "gone", **seen)
        other, theirs = make_programme(slug="other"), make_team(members=1)
        make_fix(other, theirs, theirs.members[0], MONDAY, slug, **seen)
        found = queries.library(owner).followed
        assert found == {slug: Followed(2, 1, no_chance=1, stated=1, waiting=1)}
        assert found[slug].share.interval == wilson(2, 3)
        assert found[slug].handed == 6

    def test_an_offer_is_filled_and_says_what_followed(self, world):
        owner, team = world
        slug = "run-or-close"
        make_fix(owner, team, team.members[0], MONDAY, slug, outcome="done", proof="event")
        first = queries.suggested(owner, "dismissed", BLANKS)[0]
        assert (first.slug, first.followed.share.hits) == ("reason-first", 0)
        assert "Calder" in first.words
        both = {one.slug: one.followed.done for one in queries.suggested(owner, "late", BLANKS)}
        assert slug not in both

    def test_words_of_ones_own_do_not_keep_the_slug(self, world):
        owner, _team = world
        own = fill(BUILT_IN[0].words, BLANKS)
        assert queries.kept_slug(owner.id, BUILT_IN[0].slug, own) == BUILT_IN[0].slug
        assert queries.kept_slug(owner.id, BUILT_IN[0].slug, "Call them.") is None
        assert queries.kept_slug(owner.id, "nobody-knows", own) is None
        assert queries.kept_slug(owner.id, None, own) is None


class TestKeeping:
    def draft(self, **given):
        given = {"title": "Ask why", "words": "Ask {account} why.", "about": "late"} | given
        return Draft(**given)

    def test_added_changed_retired_and_restored_with_an_audit_line_each(self, world):
        owner, team = world
        actor = act(team.lead)
        with transaction():
            slug = services.add_idea(owner, self.draft(), actor=actor, now=NOW)
            changed = self.draft(words="Ask {account} why not.")
            assert services.change_idea(owner, slug, changed, actor=actor, now=NOW + WEEK)
            assert not services.change_idea(owner, slug, changed, actor=actor, now=NOW + WEEK)
            assert services.retire_idea(owner, slug, actor=actor, now=NOW + WEEK)
            assert not services.retire_idea(owner, slug, actor=actor, now=NOW + WEEK)
        found = queries.library(owner)
        assert found.of(slug) is None
        assert found.known(slug) == Idea(
            slug, "Ask why", "Ask {account} why not.", "late", NOW + WEEK, team.lead.id
        )
        with transaction():
            assert services.restore_idea(owner, slug, actor=actor, now=NOW)
        assert queries.library(owner).of(slug)
        said = db.session.query(AuditEntry.action, AuditEntry.detail).order_by(AuditEntry.id)
        verbs = ["add", "change", "retire", "restore"]
        assert [row.action for row in said] == [f"coaching.idea_{verb}" for verb in verbs]
        assert {str(row.detail) for row in said} == {str({"idea": slug, "about": "late"})}

    def test_changed_words_are_counted_from_then_on(self, world):
        owner, team = world
        actor = act(make_person(role="sales_ops"))
        slug, seen = BUILT_IN[0].slug, {"outcome": "done", "proof": "event"}
        make_fix(owner, team, team.members[0], MONDAY, slug, **seen)
        with transaction():
            named = Draft("Other name", BUILT_IN[0].words, "ignored")
            services.change_idea(owner, slug, named, actor=actor, now=NOW)
        assert queries.library(owner).followed[slug].done == 1
        with transaction():
            worded = Draft("Other name", "Run it for {account}.", "ignored")
            services.change_idea(owner, slug, worded, actor=actor, now=NOW)
        assert slug not in queries.library(owner).followed
        make_fix(owner, team, team.members[1], NOW.date(), slug, sent_at=NOW, **seen)
        found = queries.library(owner)
        assert (found.followed[slug].done, found.of(slug).since) == (1, NOW)

    def test_only_the_author_and_sales_operations_change_it(self, world):
        owner, team = world
        other = act(make_team(members=1).lead)
        with transaction():
            slug = services.add_idea(owner, self.draft(), actor=act(team.lead), now=NOW)
            for who, which in ((other, slug), (act(team.lead), BUILT_IN[0].slug)):
                with pytest.raises(NotAllowed):
                    services.retire_idea(owner, which, actor=who, now=NOW)
            ops = act(make_person(role="sales_ops"))
            assert services.retire_idea(owner, slug, actor=ops, now=NOW)
            assert services.retire_idea(owner, BUILT_IN[0].slug, actor=ops, now=NOW)
            with pytest.raises(NotFound):
                services.retire_idea(owner, "no-such", actor=ops, now=NOW)
        assert len(queries.library(owner).ideas) == len(BUILT_IN) - 1

    @pytest.mark.parametrize("role", ["rep", "director", "executive", "admin"])
    def test_others_add_nothing(self, world, role):
        with pytest.raises(NotAllowed), transaction():
            services.add_idea(world[0], self.draft(), actor=act(make_person(role=role)), now=NOW)

    def test_a_second_of_the_same_name_and_unsound_ones_are_refused(self, world):
        owner, team = world
        actor = act(team.lead)
        with transaction():
            services.add_idea(owner, self.draft(), actor=actor, now=NOW)
            with pytest.raises(Conflict) as refused:
                services.add_idea(owner, self.draft(title="ask WHY"), actor=actor, now=NOW)
            assert refused.value.code == "idea_exists"
            for given, field in (
                ({"title": ""}, "title"),
                ({"words": "{deal}"}, "words"),
                ({"about": "moon"}, "about"),
            ):
                with pytest.raises(Invalid) as doubted:
                    services.add_idea(owner, self.draft(**given), actor=actor, now=NOW)
                assert doubted.value.field == field
