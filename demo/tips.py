"""The demo's tips: six about one behaviour each, then some about habits, written on the way."""

from __future__ import annotations

from dataclasses import dataclass

from demo.names import TOOL


@dataclass(frozen=True)
class Tip:
    """One tip; `about` is the kind of event it teaches, empty for a tip about a habit.

    `since` counts the races announced when sales ops wrote it: 0 is there from the start.
    """

    slug: str
    subject: str
    about: str
    body: str
    since: int = 0


TIPS = (
    Tip(
        "first-guided",
        "Start with one account",
        "guided_use",
        f"""\
Open the account you will call next and let {TOOL} guide the first step.

It takes about four minutes. Do it on **one** account today and one tomorrow: two days a week is
what makes it stick.
""",
    ),
    Tip(
        "before-the-call",
        "Five minutes before a call",
        "guided_use",
        f"""\
Before your next call, open {TOOL} on the account and read the three points it puts first.

Colleagues who do this say the first question is easier to ask.
""",
    ),
    Tip(
        "first-proposal",
        "Your first proposal in ten minutes",
        "proposal_created",
        f"""\
Pick a deal that waits for a proposal. In {TOOL}, choose **New proposal**: the account, the
products and the terms are filled in already.

Read it once, change what you must, send it.
""",
    ),
    Tip(
        "better-proposal",
        "One page more, asked for most",
        "proposal_created",
        f"""\
Add the page that compares the offer with doing nothing. It is the page buyers come back to.

{TOOL} has it under **Add a page**.
""",
    ),
    Tip(
        "stalled-deal",
        "A silent deal is not a lost deal",
        "sequence_run",
        f"""\
When a proposal is silent for three days, {TOOL} shows a signal. Run the sequence within two days:
three short steps, prepared for you.
""",
    ),
    Tip(
        "third-day",
        "Why the third day matters",
        "sequence_run",
        """\
Most stalled deals are not answered because nobody noticed. Open your signals first thing on two
mornings a week and run the sequence where there is one.
""",
    ),
    Tip(
        "same-hour",
        "The same half hour",
        "",
        f"""\
Habits like a fixed place. Choose one half hour, two days a week, and open {TOOL} then, whatever
else waits.

Missing one day does no harm; the next one counts again.
""",
        since=2,
    ),
    Tip(
        "ask-a-neighbour",
        "Ask who sits next to you",
        "",
        f"""\
Somebody on your team uses {TOOL} every week. Ask for the one thing they would not go without,
and try it today.
""",
        since=2,
    ),
    Tip(
        "monday-list",
        f"Monday's list in {TOOL}",
        "",
        f"""\
On Monday morning let {TOOL} sort your accounts by what waits longest. Take the first three.

Three done are worth more than thirty looked at.
""",
        since=3,
    ),
    Tip(
        "after-leave",
        "Back from leave?",
        "",
        """\
Your weeks away count for nothing, neither good nor bad. Start with one account today, and the
rest of your week is a normal one.
""",
        since=3,
    ),
    Tip(
        "two-minutes",
        "Two minutes at the end of a call",
        "",
        f"""\
Right after a call, while you remember: tell {TOOL} what was agreed and when you speak again.

The next call starts where this one ended.
""",
        since=3,
    ),
    Tip(
        "quiet-account",
        "The account nobody called",
        "",
        f"""\
Pick an account that has been quiet for two months. Open it in {TOOL} and send the one question
it suggests.
""",
        since=4,
    ),
    Tip(
        "show-a-colleague",
        "Show it once",
        "",
        f"""\
Show a colleague one thing {TOOL} did for you this week. Telling it is the quickest way to keep
it.
""",
        since=4,
    ),
    Tip(
        "end-of-quarter",
        "Before the quarter ends",
        "",
        f"""\
Open every deal that should close this quarter in {TOOL} once. Two or three will need a step this
week; the others can wait in peace.
""",
        since=4,
    ),
)
