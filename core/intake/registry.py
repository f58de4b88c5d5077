"""Which kinds, presets and followers there are: rooms declare them, app.py collects them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from flask import current_app

from core.intake.kinds import Follower, ImportKind, Preset

FindProgramme = Callable[[str | None], int | None]


@dataclass(frozen=True)
class Registry:
    """All import kinds by name in dependency order, presets by name, followers in order."""

    kinds: Mapping[str, ImportKind]
    presets: Mapping[str, Preset] = field(default_factory=dict)
    followers: tuple[Follower, ...] = ()
    find_programme: FindProgramme = lambda _slug: None


def make_registry(
    kinds: Iterable[ImportKind],
    presets: Iterable[Preset] = (),
    followers: Iterable[Follower] = (),
    find_programme: FindProgramme | None = None,
) -> Registry:
    """Collect what rooms declare. Raises ValueError when a name occurs twice."""
    ordered = sorted(kinds, key=lambda kind: (kind.order, kind.name))
    by_name = {kind.name: kind for kind in ordered}
    if len(by_name) != len(ordered):
        raise ValueError("two rooms declare the same import kind")
    return Registry(
        kinds=by_name,
        presets={preset.name: preset for preset in presets},
        followers=tuple(followers),
        find_programme=find_programme or (lambda _slug: None),
    )


def registry() -> Registry:
    """What the rooms of the running application declare."""
    declared = current_app.extensions["pennant"]
    return make_registry(
        declared["imports"].values(),
        declared["presets"].values(),
        declared["import_followers"],
        declared["programmes"].id_of,
    )
