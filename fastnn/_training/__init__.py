"""Training: a checked request, the state that it starts from, one loop, and what plugs into it."""
