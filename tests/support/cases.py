"""Which cases of a test run where."""

import pytest


def few_interpreted(few, cases):
    """Return the cases, those but a few for the compiler alone.

    In the interpreter indices are checked and lines counted; the others have neither of their own.
    """

    def marked(case):
        values = case if isinstance(case, tuple) else (case,)
        return pytest.param(*values, marks=pytest.mark.compiled)

    return [case if case in few else marked(case) for case in cases]
