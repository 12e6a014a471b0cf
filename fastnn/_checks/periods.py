"""What a schedule is a function of."""

PERIODS = ("epoch", "update")
