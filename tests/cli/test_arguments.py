from argparse import ArgumentTypeError

import pytest

from fastnn.cli.arguments import positive_number, whole_number, widths


def test_what_is_accepted():
    assert whole_number(1)("7") == 7
    assert whole_number(0, 9)("0") == 0
    assert positive_number("1e-3") == 0.001
    assert widths("25,5") == [25, 5]


@pytest.mark.parametrize("text", ["0", "10", "1.5", "", "many"])
def test_other_whole_numbers_are_refused(text):
    with pytest.raises(ArgumentTypeError, match="must be a whole number from 1 to 9, got "):
        whole_number(1, 9)(text)


@pytest.mark.parametrize("text", ["0", "-1", "inf", "nan", "fast"])
def test_other_rates_are_refused(text):
    with pytest.raises(ArgumentTypeError, match="must be a finite number above 0, got "):
        positive_number(text)
