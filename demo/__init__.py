"""The demo company: a seeded world in CONTRACT's file formats, and the command that loads it."""
