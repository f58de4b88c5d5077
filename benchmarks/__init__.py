"""Measures the goals of speed and size as ratios within one run; asserts nothing."""
