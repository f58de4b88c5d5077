"""What the loop decides: prices, picks, states, outcomes, days, effect. Plain functions."""
