"""The code's state machines are the specification's, edge for edge (CONTESTS, state machines)."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.graph import Edge, walk, written_key
from incentives.rules import awards, contests
from incentives.rules.awards import AwardState, AwardStep
from incentives.rules.contests import State, Step

SPECIFIED = json.loads((Path(__file__).parent.parent / "data" / "state_machines.json").read_text())
MACHINES = {"contest": contests, "award": awards}
ENUMS = {"contest": (State, Step), "award": (AwardState, AwardStep)}


@pytest.mark.parametrize("name", MACHINES)
def test_every_edge_with_its_actor_guard_and_key_is_the_specified_one(name):
    wanted = {
        Edge(t["frm"], t["to"], t["event"], t["actor"], t["guard"], t["idempotency_key"])
        for t in SPECIFIED[name]["transitions"]
    }
    assert set(MACHINES[name].EDGES) == wanted
    assert len(MACHINES[name].EDGES) == len(SPECIFIED[name]["transitions"])


@pytest.mark.parametrize("name", MACHINES)
def test_the_states_are_the_specified_ones_and_no_event_leads_two_ways(name):
    states, steps = ENUMS[name]
    assert [state.value for state in states] == SPECIFIED[name]["states"]
    assert {step.value for step in steps} == {t["event"] for t in SPECIFIED[name]["transitions"]}
    ways = {(edge.frm, edge.event) for edge in MACHINES[name].EDGES}
    assert len(ways) == len(MACHINES[name].EDGES)


@pytest.mark.parametrize("name", MACHINES)
def test_rest_states_are_the_ones_nothing_has_to_leave(name):
    left = {edge.frm for edge in MACHINES[name].EDGES}
    states, _ = ENUMS[name]
    ends = {state.value for state in states if state not in left}
    assert ends <= set(SPECIFIED[name]["rest_states"])


@given(st.lists(st.sampled_from(Step), max_size=12))
def test_no_walk_leaves_an_ended_contest_or_skips_the_grace(steps):
    reached = walk(contests.EDGES, steps, State.DRAFT)
    if reached in {State.FINAL, State.PROVISIONAL, State.COMPUTING}:
        assert Step.GRACE_OVER in steps
        assert Step.END in steps
    if Step.CANCEL in steps and reached is not None:
        assert reached == State.CANCELLED
        assert steps[-1] == Step.CANCEL


def test_keys_are_filled_in():
    key = contests.idempotency_key
    assert key(7, Step.GRACE_OVER, version=1, rev=1, count=0) == "contest:7:compute:1"
    assert key(7, Step.DISPUTE_UPHELD, version=1, rev=1, count=0) == "contest:7:compute:2"
    assert key(7, Step.PAUSE, version=1, rev=1, count=3) == "contest:7:pause:3"
    assert key(7, Step.ADJUST, version=1, rev=4, count=0) == "contest:7:adjust:4"
    fact = "award:contest:7:prize:1:team:2:1"
    given_key = awards.idempotency_key(AwardStep.GRANT, award_id=9, fact=fact, holds=1)
    assert given_key == fact
    release = awards.idempotency_key(AwardStep.RELEASE, award_id=9, fact=fact, holds=1)
    assert release == "award:9:release:1"
    assert written_key("x:{id}", id=4) == "x:4"


@pytest.mark.parametrize(
    ("status", "is_employed", "is_away", "because"),
    [
        ("active", True, False, None),
        ("active", True, True, None),
        ("active", False, False, "left"),
        ("suspended", True, False, "suspended"),
        ("suspended", False, True, "suspended"),
        ("erased", True, False, "left"),
    ],
)
def test_who_waits_for_an_award(status, is_employed, is_away, because):
    assert awards.held_for(status, is_employed=is_employed, is_away=is_away) == because


def test_leave_holds_where_the_policy_says_so():
    policy = frozenset(awards.HeldFor)
    assert awards.held_for("active", is_employed=True, is_away=True, policy=policy) == "on_leave"
