"""From what a user hands in to what a kernel takes, or a clear error: the only place that checks.

`as_...` converts and returns, `check_...` raises and returns nothing.
"""
