"""What is at stake and who is thanked: contests, prizes, awards and recognition."""
