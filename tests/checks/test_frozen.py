import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace

import pytest

from fastnn._checks.frozen import frozen
from fastnn.initializers import normal
from fastnn.losses import Quantile
from fastnn.optimizers import Adam


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


@dataclass(frozen=True)
class Later(Usual):
    z: float = field(default=0.0, kw_only=True)


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


@frozen
class Deep(Point):
    z: float = field(default=0.0, kw_only=True)

    def __post_init__(self):
        object.__setattr__(self, "x", float(self.x))


def test_it_is_called_as_a_dataclass():
    assert inspect.signature(Deep) == inspect.signature(Later)
    assert Deep.__init__.__qualname__ == "Deep.__init__"
    assert repr(Deep(1, z=3)) == "Deep(x=1.0, y=2.0, z=3)"
    for wrong, message in (((), "missing 1 required .* 'x'"), ((1, 2, "", 4), "takes from 2 to 4")):
        with pytest.raises(TypeError, match=message):
            Deep(*wrong)


@pytest.mark.parametrize("base", [Point, Named, Usual, Adam, Quantile, normal])
def test_a_users_frozen_dataclass_derives_from_it(base):
    needed = {"x": 1.0} if "x" in inspect.signature(base).parameters else {}
    needed |= {"std": 1.0} if base is normal else {}

    @dataclass(frozen=True)
    class Mine(base):
        more: float = field(default=5.0, kw_only=True)

    class Child(Mine):
        pass

    mine = Mine(**needed, more=6.0)
    assert [item.name for item in fields(Mine)] == [*(item.name for item in fields(base)), "more"]
    assert replace(mine, more=5.0) == Mine(**needed) == copy.deepcopy(Mine(**needed)) != mine
    assert hash(mine) == hash(Mine(**needed, more=6.0))
    for item in (mine, Child(**needed)):
        for name in (fields(base)[0].name, "more"):
            with pytest.raises(FrozenInstanceError, match=f"cannot assign to field '{name}'"):
                setattr(item, name, 2.0)
            with pytest.raises(FrozenInstanceError, match=f"cannot delete field '{name}'"):
                delattr(item, name)


@pytest.mark.parametrize("base", [Point, Named, Usual, Adam, Quantile, normal])
def test_a_users_dataclass_that_is_not_frozen_is_refused(base):
    with pytest.raises(TypeError, match="cannot inherit non-frozen dataclass from a frozen one"):
        dataclass(type("Mine", (base,), {}))


def test_a_users_frozen_dataclass_may_call_the_constructor_that_it_has_replaced():
    @dataclass(frozen=True)
    class Slow(Adam):
        def __init__(self, learning_rate):
            super().__init__(learning_rate / 10, betas=(0.5, 0.6))

    assert (Slow(1.0).learning_rate, Slow(1.0).betas) == (0.1, (0.5, 0.6))
    with pytest.raises(ValueError, match="learning_rate"):
        Slow(-1.0)


def test_one_of_ours_derives_from_one_of_ours():
    """What a class has from its bases stays frozen, and those are marked as before."""
    assert all(kind.__dataclass_params__.frozen for kind in (Point, Named, Deep))
    with pytest.raises(TypeError, match="is a field but has no type annotation"):
        frozen(type("Wrong", (Point,), {"w": field()}))
    assert Point.__dataclass_params__.frozen
