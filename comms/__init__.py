"""What we say: tips, campaigns and their issues, one useful letter at a time."""
