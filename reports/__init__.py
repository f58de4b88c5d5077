"""What it was worth: what difference the tool and its campaigns make, said no surer than it is."""
