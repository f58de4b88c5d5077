"""Who works here: persons, sign-in, roles, teams with dated memberships, the directory import."""
