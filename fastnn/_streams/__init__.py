"""Learning from dicts, one at a time: what `fastnn.online` and `fastnn.river` share."""
