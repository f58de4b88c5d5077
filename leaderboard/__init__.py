"""Who stands where: boards, what scores on them, standings and places."""
