"""Every SELECT of the coaching room, by reason to change."""
