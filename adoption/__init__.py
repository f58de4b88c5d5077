"""What people do with the tool: usage events, active days and who made it a habit."""
