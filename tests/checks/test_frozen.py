import copy
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace

import pytest

from fastnn._checks.frozen import frozen


@frozen
class Point:
    x: float
    y: float = 2.0
    note: str = field(default="", repr=False, compare=False)


@frozen
class Named(Point):
    name: str = "origin"

    def __repr__(self):
        return self.name


@dataclass(frozen=True)
class Usual:
    x: float
    y: float = 2.0
    note: str = field(default="", repr=False, compare=False)


class Marked(Point):  # a user's, which is no dataclass of its own
    pass


def test_it_is_shown_compared_and_hashed_as_a_dataclass():
    assert repr(Point(1.0)) == repr(Usual(1.0)).replace("Usual", "Point")
    assert Point(1.0, note="a") == Point(1.0, note="b") != Point(1.0, 3.0)
    assert hash(Point(1.0, note="a")) == hash(Point(1.0))
    assert Point(1.0) != Usual(1.0)
    assert Point(1.0) != Named(1.0)


def test_methods_of_its_own_are_kept():
    assert repr(Named(1.0)) == "origin"
    assert Named(1.0) != Named(1.0, name="else")


def test_it_has_fields_and_replaces_and_copies():
    assert [item.name for item in fields(Named)] == ["x", "y", "note", "name"]
    assert replace(Named(1.0), y=5.0) == Named(1.0, 5.0)
    assert pickle.loads(pickle.dumps(Point(1.0))) == copy.deepcopy(Point(1.0)) == Point(1.0)


@pytest.mark.parametrize("point", [Point(1.0), Named(1.0), Marked(1.0)])
def test_a_field_is_set_once(point):
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'x'"):
        point.x = 2.0
    with pytest.raises(FrozenInstanceError, match="cannot delete field 'x'"):
        del point.x
    assert point.x == 1.0


@pytest.mark.parametrize("point", [Point(1.0), Named(1.0)])
def test_it_has_no_other_attributes(point):
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'z'"):
        point.z = 2.0
    with pytest.raises(FrozenInstanceError, match="cannot delete field 'z'"):
        del point.z


def test_a_class_derived_from_it_may_have_more():
    point = Marked(1.0)
    point.mark = "here"
    assert point.mark == "here"
    del point.mark
    assert not hasattr(point, "mark")
