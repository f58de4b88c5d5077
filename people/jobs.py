"""What the people room does by the clock."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from core.db import transaction
from core.scheduler import CatchUp, Daily, Every, JobSpec
from people import services


def _prune(as_of: datetime) -> Mapping[str, int]:
    """Forget what is over."""
    with transaction():
        return services.prune_sign_ins(as_of)


def _forget_erased(_as_of: datetime) -> Mapping[str, int]:
    """Cut what still leads to people who were erased."""
    with transaction():
        return {"rows": services.forget_erased()}


def _clear_names(_as_of: datetime) -> Mapping[str, int]:
    """Take erased people's names out of what is written, some people a transaction."""
    people = texts = 0
    while True:
        with transaction():
            found = services.clear_names()
        if found is None:
            return {"people": people, "texts": texts}
        people, texts = people + found.people, texts + found.texts


JOBS = (
    JobSpec(
        id="prune-sign-ins",
        run=_prune,
        trigger=Daily("03:20"),
        doc="Forgets sessions that are over and counts of sign-in tries of days gone by.",
        catch_up=CatchUp.LATEST,
        coalesce=timedelta(days=30),
    ),
    JobSpec(
        id="forget-erased",
        run=_forget_erased,
        trigger=Daily("03:25"),
        doc="Deletes other systems' ids, accounts and wishes of people who were erased.",
        catch_up=CatchUp.LATEST,
        coalesce=timedelta(days=30),
    ),
    JobSpec(
        id="clear-erased-names",
        run=_clear_names,
        trigger=Every(minutes=10),
        doc="Takes the names of people who were erased out of letters, reasons and other texts.",
        catch_up=CatchUp.LATEST,
    ),
)
