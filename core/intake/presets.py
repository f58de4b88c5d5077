"""Presets live with the rooms they fill; this is the name under which they are declared."""

from core.intake.kinds import Part, Preset

__all__ = ["Part", "Preset"]
