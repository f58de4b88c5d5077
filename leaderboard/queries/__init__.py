"""Every SELECT of the leaderboard: facts to count, tables worked out of them, rows to show."""
