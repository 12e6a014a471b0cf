"""Save and load networks: the file format, its container, and its parts as JSON."""
