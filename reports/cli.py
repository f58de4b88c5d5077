"""The figure of experiments (CONTRACT section 5), and the check of what was counted at night."""

from collections.abc import Mapping, Sequence

from core.figures import Figure, FigureRequest, Param
from reports import queries


def _tried(request: FigureRequest) -> queries.Tried:
    owner = queries.owner_of(request.programme_id)
    return queries.tried(owner, request.params["experiment"], request.as_of)


def _lift(request: FigureRequest) -> Mapping[str, object]:
    return _tried(request).trial.lift.keys()


def _lift_rows(request: FigureRequest) -> Sequence[Mapping[str, object]]:
    return queries.lift_rows(_tried(request), request.as_of)


CHECKS = (queries.verify,)
FIGURES = (
    Figure(
        name="lift",
        says=(
            "What an experiment changed: active days a week of those drawn to begin against "
            "those drawn to wait."
        ),
        params=(Param("experiment", required=True),),
        compute=_lift,
        rows=_lift_rows,
    ),
)
