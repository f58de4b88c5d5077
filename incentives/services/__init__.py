"""The verbs of contests and thanks: prepare, approve, run by the clock, decide, announce."""
