"""What people learn: courses, milestones, completions and the proof that a class turned into use."""
