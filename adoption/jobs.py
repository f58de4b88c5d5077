"""Jobs of the adoption room: day rows every ten minutes, states and quiet deals every night."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from adoption import services
from adoption.queries import quiet
from adoption.queries.weeks import programmes_with_usage
from adoption.services.picture import draw_picture
from core.db import transaction
from core.scheduler import CatchUp, Daily, Every, JobSpec


def roll_up_usage(as_of: datetime) -> Mapping[str, int]:
    """Bring day and week rows in step with everything stored."""
    batches = days = 0
    for programme_id in programmes_with_usage():
        done = None
        while done is None or done.is_part:
            with transaction():
                done = services.roll_up_days(programme_id, as_of)
            batches, days = batches + done.batches, days + done.days
    return {"batches": batches, "person_days": days}


def judge(as_of: datetime) -> Mapping[str, int]:
    """Judge the weeks that are complete, and again the people whose past changed."""
    roll_up_usage(as_of)
    weeks = again = 0
    for programme_id in programmes_with_usage():
        with transaction():
            done = services.judge_adoption(programme_id, as_of)
        weeks, again = weeks + done.weeks, again + done.people_again
    return {"weeks": weeks, "people_again": again}


def draw(_as_of: datetime) -> Mapping[str, int]:
    """Bring what the adoption page shows in step with the judged weeks."""
    reps = 0
    for programme_id in programmes_with_usage():
        with transaction():
            reps += draw_picture(programme_id).reps
    return {"reps": reps}


def detect_quiet_deals(as_of: datetime) -> Mapping[str, int]:
    """Fire the signals of every rule that is switched on, a programme at a time."""
    signals = 0
    for owner_id in [owner.id for owner in quiet.programmes_watched()]:
        with transaction():
            signals += services.detect_quiet_deals(owner_id, as_of).signals
    return {"signals": signals}


def _mornings(after: datetime, until: datetime) -> Iterator[datetime]:
    """When the next date that a programme's rules have not seen is four hours old.

    One that has passed is due at once: a machine that was off at that hour makes up for it.
    """
    for owner in quiet.programmes_watched():
        instant = quiet.calendar_of(owner).day_start(quiet.next_date(owner.id))
        instant += services.AFTER_MIDNIGHT
        if instant <= until:
            yield max(instant, after + timedelta(microseconds=1))


def forget(as_of: datetime) -> Mapping[str, int]:
    """Forget answers to machines that nobody may ask for again."""
    with transaction():
        return {"answers": services.forget_answers(as_of)}


JOBS = (
    JobSpec(
        id="roll-up-usage",
        run=roll_up_usage,
        trigger=Every(minutes=10),
        doc="Counts new, late and corrected events by person and date.",
        catch_up=CatchUp.LATEST,
    ),
    JobSpec(
        id="judge-adoption",
        run=judge,
        trigger=Daily("05:30"),
        doc="Judges complete weeks: who met theirs, who made it a habit, who lapsed.",
        catch_up=CatchUp.LATEST,
    ),
    JobSpec(
        id="draw-adoption",
        run=draw,
        trigger=Daily("05:45"),
        doc="Counts what the adoption page shows: cohorts, weeks, teams and the way to day 60.",
        catch_up=CatchUp.LATEST,
    ),
    JobSpec(
        id="detect-quiet-deals",
        run=detect_quiet_deals,
        trigger=Every(minutes=15),
        doc="Fires a signal for every open deal that was quiet as long as a rule says, once a day.",
        due=_mornings,
    ),
    JobSpec(
        id="forget-answers",
        run=forget,
        trigger=Daily("03:35"),
        doc="Forgets the answers to posted usage that are older than a day.",
        catch_up=CatchUp.LATEST,
        coalesce=timedelta(days=7),
    ),
)
