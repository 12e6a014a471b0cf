"""Networks inside a user's compiled code, each a short program."""
