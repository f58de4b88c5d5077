"""Which kinds, presets and followers there are: rooms declare them, app.py collects them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from flask import current_app

from core.intake.directory import Directory, Known
from core.intake.kinds import Asked, Follower, ImportKind, Preset

FindProgramme = Callable[[str | None], int | None]


@dataclass(frozen=True)
class Registry:
    """All import kinds by name in dependency order, presets by name, followers in order."""

    kinds: Mapping[str, ImportKind]
    presets: Mapping[str, Preset] = field(default_factory=dict)
    followers: tuple[Follower, ...] = ()
    find_programme: FindProgramme = lambda _slug: None
    everybody: Callable[[], Iterable[Known]] = tuple
    habits: Callable[[int | None], tuple[str, ZoneInfo | None]] = lambda _programme: ("login", None)

    def asked(
        self,
        programme_id: int | None,
        *,
        time_zone: ZoneInfo | None = None,
        is_day_first: bool | None = None,
        is_comma_decimal: bool | None = None,
        words: Mapping[str, str] | None = None,
        label: str = "",
    ) -> Asked:
        """What an export does not say, with what the programme and the directory know."""
        login_kind, day_zone = self.habits(programme_id)
        return Asked(
            label=label,
            time_zone=time_zone,
            day_zone=day_zone,
            is_day_first=is_day_first,
            is_comma_decimal=is_comma_decimal,
            words=words or {},
            login_kind=login_kind,
            directory=Directory(self.everybody),
        )


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
    made = make_registry(
        declared["imports"].values(),
        declared["presets"].values(),
        declared["import_followers"],
        declared["programmes"].id_of,
    )
    return replace(made, everybody=declared["everybody"], habits=declared["programmes"].habits)
