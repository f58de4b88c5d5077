"""The life of a contest and the sharing out of prizes: pure (CONTESTS)."""
