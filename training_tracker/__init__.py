"""What people learn: courses, milestones, completions, and proof that a class became use."""
