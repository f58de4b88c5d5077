"""Import files: reading them without losing a row, checking cells, storing batch by batch."""
