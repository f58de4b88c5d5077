"""Why we roll out: programmes with their calendar, goals, outcomes and the people enrolled."""
