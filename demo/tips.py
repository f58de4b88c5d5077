"""The demo's tips: short, about one behaviour each."""

from __future__ import annotations

from dataclasses import dataclass

from demo.names import TOOL


@dataclass(frozen=True)
class Tip:
    """One tip; `about` is the kind of event it teaches."""

    slug: str
    subject: str
    about: str
    body: str


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
)
