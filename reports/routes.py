"""What difference does it make? Experiments first, then comparisons with their own past."""

from collections.abc import Sequence
from functools import partial

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core import charts
from core.clock import now
from core.guards import current_actor, guard
from reports import access, forms, queries
from reports.rules import (
    Compared,
    Split,
    Trial,
    UseRule,
    adjusted_sentence,
    amount,
    cannot_sentence,
    gap_sentence,
    growth_sentence,
    headline,
    percent,
)

blueprint = Blueprint("reports", __name__, url_prefix="/reports")

RULES = {
    UseRule.ANY: "Used it in these months",
    UseRule.LANDMARK: "Used it just before",
    UseRule.SUSTAINED: "Made it a habit",
}


@blueprint.get("/impact")
@guard(access.ONE_PAGER)
def impact() -> ResponseReturnValue:
    """Every rung of evidence there is, with what it is worth, as the last night counted it.

    Only another window than the usual one is counted anew.
    """
    actor, as_of = current_actor(), now()
    owner = queries.current_programme()
    today = queries.today_of(owner, as_of) if owner is not None else None
    if owner is None or today is None or today <= owner.launch_on:
        return render_template("reports/empty.html", owner=owner)
    counted = queries.stored(owner)
    if counted is None or counted.known.compared is None:
        counted = queries.Counted(as_of, queries.count(owner, as_of))
    trials, found = counted.known.trials, counted.known.compared
    usual = (found.start, found.end) if found else queries.window_of(owner.launch_on, today)
    asked = forms.read(request.args, usual, owner.launch_on, today)
    if found is None or (asked.start, asked.end) != usual:
        found = queries.compared(owner, (asked.start, asked.end), [asked.rule], as_of)
    return render_template(
        "reports/impact.html",
        owner=owner,
        counted_at=counted.counted_at,
        asked=asked,
        segments=_segments(asked),
        money=partial(amount, currency=owner.currency),
        headline=headline([one.lift for one in trials], found.growth),
        trials=trials,
        pictures=_pictures(trials),
        found=found,
        shown=found.splits[asked.rule],
        words=_words(found, found.splits[asked.rule], owner.currency, owner.min_group),
        growth_picture=_growth_picture(found),
        trend=_trend(found),
        may_open=access.may_open_figures(actor),
        may_plan=access.may_plan_tips(actor),
    )


def _pictures(trials: Sequence[Trial]) -> dict[str, charts.Interval]:
    """The difference of each judged experiment with its interval, in days a week."""
    return {
        one.slug: charts.difference_interval(
            found.effect, (found.lo, found.hi), scale=(-0.5, 1.0), unit=charts.DAYS
        )
        for one in trials
        if (found := one.lift.estimate) is not None
        and found.lo is not None
        and found.hi is not None
    }


def _growth_picture(found: Compared) -> charts.Interval | None:
    growth = found.growth
    if growth is None or growth.estimate.lo is None or growth.estimate.hi is None:
        return None
    ends = growth.estimate.lo, growth.estimate.hi
    return charts.difference_interval(growth.estimate.effect, ends, unit=charts.PERCENT)


def _trend(found: Compared) -> charts.Chart | None:
    """What each side sold in the weeks before the launch, next to its own average."""
    if not found.trend:
        return None
    users, others = found.of_own_average
    apart = max(abs(one - other) for one, other in zip(users, others, strict=True))
    return charts.pair_of_lines(
        charts.PairOfLines(
            ("Used it", "The others"),
            [f"{one.start.day} {one.start:%b}" for one in found.trend],
            users,
            others,
            f"Sales per rep in {len(users)} stretches of four weeks before the launch, each side "
            f"next to its own average: at most {percent(apart)} apart.",
            ("Four weeks from", "Used it", "The others"),
        )
    )


def _segments(asked: forms.Asked) -> list[dict[str, object]]:
    """The ways to part the reps, each over the same window."""
    start, last = asked.start.isoformat(), asked.last_day.isoformat()
    return [
        {
            "label": label,
            "href": url_for(".impact", rule=rule.value, start=start, last=last),
            "current": rule is asked.rule,
        }
        for rule, label in RULES.items()
    ]


def _words(found: Compared, shown: Split, currency: str, min_group: int) -> dict[str, str]:
    """The sentence of each rung (METRICS section 9), and of those that can say nothing."""
    fixed = found.fixed
    has_past = fixed.gap_before.gap is not None
    words = {
        "too_few": cannot_sentence(shown.gap.with_it, shown.gap.without, min_group, has_past=True),
        "cannot": cannot_sentence(
            fixed.gap.with_it, fixed.gap.without, min_group, has_past=has_past
        ),
    }
    gap, before = shown.gap, shown.gap_before
    if None not in (gap.gap, before.gap, gap.mean_with, gap.mean_without):
        means = gap.mean_with or 0.0, gap.mean_without or 0.0
        words["gap"] = gap_sentence(means, gap.gap or 0.0, before.gap or 0.0, currency)
    if found.adjusted is not None:
        one = found.adjusted.estimate
        ends = one.effect, one.lo or 0.0, one.hi or 0.0
        words["adjusted"] = adjusted_sentence(ends, found.adjusted.base, currency)
    if found.growth is not None:
        one, p = found.growth.estimate, found.growth.permutation.p
        words["growth"] = growth_sentence(one.effect, one.lo or 0.0, one.hi or 0.0, p)
    return words
