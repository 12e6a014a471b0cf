"""A network in a file: the container, what is in it, and its parts as JSON."""
