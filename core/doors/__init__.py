"""The house's own pages, machine doors and commands."""
