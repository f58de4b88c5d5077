"""The weekly loop: the number, one moment, one fix, one review; and what not keeping it costs."""
