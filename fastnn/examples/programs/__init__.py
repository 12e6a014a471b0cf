"""The tutorials as programs to copy, of at most 40 lines of 80 columns.

``fastnn example NAME --source`` prints one. The example of its name builds, trains and prints by
the same functions, with flags.
"""
