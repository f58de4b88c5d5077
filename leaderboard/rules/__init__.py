"""Scoring, headcount, roster, places: pure and exact (METRICS section 5)."""
