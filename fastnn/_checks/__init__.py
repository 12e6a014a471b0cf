"""Check what the user passes and convert it to what kernels take, in this package only.

`as_...` converts and returns; `check_...` raises or returns nothing.
"""
