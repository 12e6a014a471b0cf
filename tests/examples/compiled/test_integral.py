import re
import sys

import numpy as np
import pytest
from numba import typeof

from fastnn import Dense, Network
from fastnn.examples.compiled import integral

from .output import printed

pytestmark = pytest.mark.compiled


def in_python(net):
    return lambda *x: net.predict(x)[0]


def test_the_callback_sees_later_training_and_a_frozen_one_does_not():
    net = integral.build(0)
    X, y = integral.samples(0)
    live = integral.callback(net.handle())
    frozen = integral.callback(net.handle(frozen=True))
    before = integral.integrate(in_python(net))
    assert integral.integrate(live) == pytest.approx(before, rel=1e-12)
    assert integral.integrate(frozen) == pytest.approx(before, rel=1e-12)

    net.fit(X, y, epochs=1, batch_size=32)
    after = integral.integrate(in_python(net))
    assert abs(after - before) > 0.01
    assert integral.integrate(live) == pytest.approx(after, rel=1e-12)
    assert integral.integrate(frozen) == pytest.approx(before, rel=1e-12)


def test_networks_of_all_shapes_share_one_c_function():
    nets = [Network(3, [Dense(n, "tanh"), Dense(1)], seed=n) for n in (1, 4, 40)]
    handles = [net.handle() for net in nets]
    assert len({integral.integrand(typeof(handle)) for handle in handles}) == 1
    callbacks = [integral.callback(handle) for handle in handles]
    del handles  # the callbacks hold what they need
    got = [integral.integrate(function) for function in callbacks]
    expected = [integral.integrate(in_python(net)) for net in nets]
    np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_the_network_is_asked_as_often_as_said():
    calls = []
    integral.integrate(lambda *x: calls.append(x) or 1.0)
    assert f"asks it {len(calls)} times" in " ".join(integral.__doc__.split())


def test_the_exact_integral_is_that_of_the_function():
    got = integral.integrate(lambda x, y, z: np.exp(-x * x - y * y - z * z))
    assert got == pytest.approx(integral.EXACT, rel=1e-12)


def test_prints_integrals_nearer_than_the_mean_of_the_samples(capsys):
    text = printed(capsys, integral, "--quiet")
    rows = re.findall(r"^  (\S.*?)  +(-?\d\S+)  off by (\S+)  +\S+ ms$", text, re.MULTILINE)
    names = ["Python", "compiled", "compiled, frozen"]
    assert [name for name, _, _ in rows] == names * 2
    before, after = ([float(off) for _, _, off in part] for part in (rows[:3], rows[3:]))
    assert min(before) > 0.1
    assert max(after[:2]) < 2e-4
    assert after[2] == before[2]
    _, y = integral.samples(0)
    assert abs(y.mean() - integral.EXACT) > 10 * max(after[:2])


def test_without_scipy_one_line_names_the_extra(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(ImportError, match=r"^integral needs SciPy, of the extra lbfgs: "):
        printed(capsys, integral)
