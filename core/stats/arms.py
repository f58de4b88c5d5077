"""Arms by hash (METRICS X15): who is held out depends on two names alone, for ever."""

from hashlib import sha256

ARM_PLACES = 10_000


def hash_arm(experiment: str, person_key: str) -> int:
    """METRICS X15: a place in 0..9999, from the first eight bytes of SHA-256 of both names."""
    digest = sha256(f"{experiment}:{person_key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % ARM_PLACES


def is_held_out(experiment: str, person_key: str, percent: int) -> bool:
    """Whether this person belongs to the experiment's holdout of `percent` %."""
    return hash_arm(experiment, person_key) < percent * 100
