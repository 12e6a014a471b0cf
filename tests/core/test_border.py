"""What Python hands to a user's kernel is looked at, and told in a line if it does not fit."""

import inspect
import math
import pickle
import pydoc

import numpy as np
import pytest
from numba import njit
from numba.core.errors import TypingError

from fastnn import Dense, Network, core

from ..support.processes import run_python

N_IN, N_OUT, N = 4, 3, 6
FUNCTIONS = [
    "predict", "predict_rows", "add_gradient", "add_gradient_rows", "gradient_of_inputs",
    "add_vjp", "add_vjp_rows", "train_row", "update",
]  # fmt: skip
OF_INPUTS = ("x", "error_x", "grad_x", "X", "errors_x")
NUMBERS = ("weight", "learning_rate")
TABLES = ("X", "Y", "outputs")  # row after row
WRITTEN = ("outputs", "error_x", "grad_x", "errors_x")


def make_handle(dtype="float64"):
    return Network(N_IN, [Dense(5, "tanh"), Dense(N_OUT)], dtype=dtype, seed=0).handle()


def fitting(name):
    """Return the arguments of a function, by name, all as they should be."""
    given = {}
    for argument in [*inspect.signature(getattr(core, name)).parameters][1:]:
        width = N_IN if argument in OF_INPUTS else N_OUT
        shape = (N, width) if name.endswith("rows") else (width,)
        if argument in NUMBERS:
            given[argument] = 0.1
        elif argument == "weights":
            given[argument] = np.ones(N)
        else:
            given[argument] = np.linspace(-1, 1, np.prod(shape)).reshape(shape)
    return given


ARGUMENTS = [(name, argument) for name in FUNCTIONS for argument in fitting(name)]
ARRAYS = [(name, argument) for name, argument in ARGUMENTS if argument not in NUMBERS]


def refused(name, given, *, handle=None):
    """Return the error of a call, which is one line and has changed nothing."""
    handle = handle or make_handle()
    arrays = [array for array in [*handle, *given.values()] if isinstance(array, np.ndarray)]
    before = [array.copy() for array in arrays]
    with pytest.raises((TypeError, ValueError)) as caught:
        getattr(core, name)(handle, **given)
    for array, old in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, old)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(("name", "argument"), ARRAYS)
def test_what_is_no_plain_array_of_numbers_is_named(name, argument):
    given = fitting(name)
    array = given[argument]
    for wrong, got in (
        (array.tolist(), "must be a plain NumPy array, got list: give np."),
        (None, "must be a plain NumPy array, got NoneType"),
        (np.ma.masked_array(array), "must be a plain NumPy array, got MaskedArray"),
        (array.astype(object), "got object: give np."),
        (array.astype(complex), "got complex128: give np."),
        (array.astype(">f8"), "got >f8: give np."),
    ):
        message = refused(name, given | {argument: wrong})
        assert message.startswith(f"{argument} must ")
        assert got in message


@pytest.mark.parametrize(("name", "argument"), ARRAYS)
def test_a_wrong_shape_is_told_with_both(name, argument):
    given = fitting(name)
    array = given[argument]
    for wrong in (array[None], array[..., :-1].copy(), np.concatenate([array, array])):
        message = refused(name, given | {argument: wrong})
        if argument != "X":  # which may have any length, and then the others do not fit
            assert message.startswith(f"{argument} must have shape (")
            assert message.endswith(f", got {wrong.shape}")


@pytest.mark.parametrize(
    ("name", "argument"), [pair for pair in ARRAYS if pair[1] in (*WRITTEN, "Y")]
)
def test_integers_are_refused_where_floats_are_needed(name, argument):
    given = fitting(name)
    message = refused(name, given | {argument: given[argument].astype(int)})
    shape = f"({', '.join(map(str, given[argument].shape))}"
    remedy = f"give np.empty({shape}" if argument in WRITTEN else "give np.ascontiguousarray("
    assert f"got int64: {remedy}" in message


@pytest.mark.parametrize(("name", "argument"), [pair for pair in ARRAYS if pair[1] in WRITTEN])
def test_results_need_an_array_that_can_be_written(name, argument):
    given = fitting(name)
    given[argument].flags.writeable = False
    assert "got a read-only array: give np.empty(" in refused(name, given)


@pytest.mark.parametrize(
    ("name", "argument"), [pair for pair in ARRAYS if pair[1] in TABLES and pair[0][-4:] == "rows"]
)
def test_tables_must_be_contiguous(name, argument):
    given = fitting(name)
    given[argument] = np.repeat(given[argument], 2, axis=-1)[..., ::2]
    assert "must be C-contiguous, got strides" in refused(name, given)


def strided(array):
    return np.repeat(array, 2)[::2]


def read_only(array):
    array.flags.writeable = False
    return array


@pytest.mark.parametrize("changed", [np.int64, strided, read_only])
def test_a_row_may_be_of_integers_strided_or_read_only(changed):
    x, got, expected = np.arange(4.0), np.empty(N_OUT), np.empty(N_OUT)
    core.predict(make_handle(), x, expected)
    core.predict(make_handle(), changed(x), got)
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_handle_and_numbers_are_needed(name):
    given = fitting(name)
    with pytest.raises(
        TypeError, match=r"^handle must be what the handle\(\) of a network returns"
    ):
        getattr(core, name)(Network(1, [Dense(1)]), **given)
    for number in {*NUMBERS} & {*given}:
        for wrong in ("0.1", None, np.ones(2)):
            message = refused(name, given | {number: wrong})
            kind = type(wrong).__name__
            assert message == (
                f"{number} must be a float, or a whole number, got {kind}: give a float"
            )
        for wrong, got in ((math.nan, "nan"), (math.inf, "a larger one"), (10**400, "a larger")):
            message = refused(name, given | {number: wrong})
            assert message.startswith(f"{number} must be a finite number from ")
            assert f"got {got}" in message


@pytest.mark.parametrize("name", ["add_gradient", "train_row", "update"])
@pytest.mark.parametrize("whole", [1, True, np.int32(1)], ids=["int", "bool", "int32"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_whole_numbers_are_numbers(name, whole, dtype):
    given = fitting(name)
    (number,) = {*NUMBERS} & {*given}
    handles = make_handle(dtype), make_handle(dtype)
    for handle, value in zip(handles, (whole, 1.0), strict=True):
        handle.grad[:] = 0.5
        getattr(core, name)(handle, **given | {number: value})
    for got, expected in zip(*handles, strict=True):
        np.testing.assert_array_equal(got, expected)


RATES = """
import numpy as np
from fastnn import Dense, Network, core
from fastnn.core.updates import step_of

handle = Network(2, [Dense(1)], seed=0).handle()
for rate in (0.5, 1, True, np.float32(0.5)):
    core.update(handle, rate)
print(*{str(update[0]) for _, update in step_of.dispatcher.overloads})
"""


@pytest.mark.compiled
def test_an_update_is_compiled_for_a_float_alone(tmp_path):
    assert run_python(RATES, NUMBA_CACHE_DIR=str(tmp_path)) == "float64\n"


def test_targets_of_a_table_have_the_dtype_of_the_network():
    given = fitting("add_gradient_rows")
    message = refused("add_gradient_rows", given, handle=make_handle("float32"))
    wanted = "Y must have dtype float32, got float64: give np.ascontiguousarray(Y, 'float32')"
    assert message == wanted


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_functions_are_themselves_to_python(name):
    function = getattr(core, name)
    assert pickle.loads(pickle.dumps(function)) is function
    assert (function.__name__, function.__module__) == (name, "fastnn.core.api")
    assert next(iter(inspect.signature(function).parameters)) == "handle"
    assert function.__doc__
    assert repr(function) == f"<function fastnn.core.api.{name}>"
    assert type("Owner", (), {"step": function})().step is function


@pytest.mark.parametrize("name", FUNCTIONS)
def test_help_shows_arguments_and_docstring(name):
    function = getattr(core, name)
    _, _, head, first, *_ = pydoc.plain(pydoc.render_doc(function)).splitlines()
    assert head == f"{name}{inspect.signature(function)}"
    assert first.strip() == function.__doc__.splitlines()[0]


def test_arguments_have_names_or_none():
    given = fitting("predict")
    expected = np.empty(N_OUT)
    core.predict(make_handle(), given["x"], expected)
    for words in ((), ("x",)):
        got = np.empty(N_OUT)
        rest = {"x": given["x"], "outputs": got}
        positional = [rest.pop(word) for word in words]
        core.predict(make_handle(), *positional, **rest)
        np.testing.assert_array_equal(got, expected)
    with pytest.raises(TypeError, match="argument"):
        core.predict(make_handle(), outputs=got)


@pytest.mark.compiled
def test_compiled_code_has_the_kernel_itself():
    @njit
    def ask(handle, x, outputs):
        core.predict(handle, x, outputs)

    handle, x, got, expected = make_handle(), np.ones(N_IN), np.empty(N_OUT), np.empty(N_OUT)
    ask(handle, x, got)
    core.predict(handle, x, expected)
    np.testing.assert_array_equal(got, expected)
    assert "CheckedFromPython" not in next(iter(ask.inspect_llvm().values()))


# ---- in compiled code ----------------------------------------------------------------------------

REFUSED_TYPES = {
    "None": (None, "must be an array of one axis, got None: give one of shape (n_"),
    "a list": ([1.0, 2.0], "must be an array of one axis, got reflected list("),
    "a table": (np.ones((2, 2)), "must be an array of one axis, got array(float64, 2d, C)"),
    "complex": (np.ones(2, complex), "must have dtype float32 or float64 or whole numbers, got co"),
}


def refused_by_compiler(name, given):
    """Return what the compiler says of a call with such arguments, without where it is."""
    call = f"lambda handle, {', '.join(given)}: function(handle, {', '.join(given)})"
    kernel = njit(eval(call, {"function": getattr(core, name)}))
    with pytest.raises(TypingError) as caught:
        kernel(make_handle(), *given.values())
    return str(caught.value).splitlines()[1]


@pytest.mark.compiled
@pytest.mark.filterwarnings("ignore::numba.NumbaPendingDeprecationWarning")  # of a list
@pytest.mark.parametrize("wrong", REFUSED_TYPES)
@pytest.mark.parametrize(("name", "argument"), [("predict", "x"), ("train_row", "y")])
def test_compiled_code_is_told_in_a_line_what_a_row_must_be(name, argument, wrong):
    array, expected = REFUSED_TYPES[wrong]
    message = refused_by_compiler(name, fitting(name) | {argument: array})
    assert message.startswith(f"{argument} {expected}")


@pytest.mark.compiled
@pytest.mark.parametrize("dtype", ["uint8", "bool", "float32"])
def test_compiled_code_is_told_that_targets_are_of_the_dtype_of_the_network(dtype):
    given = fitting("add_gradient_rows")
    message = refused_by_compiler("add_gradient_rows", given | {"Y": given["Y"].astype(dtype)})
    assert message == f"Y must have dtype float64, got {dtype}: give Y.astype(np.float64)"


@pytest.mark.compiled
def test_compiled_code_is_told_what_tables_results_and_numbers_must_be():
    given = fitting("predict_rows")
    message = refused_by_compiler("predict_rows", given | {"X": given["X"][:, ::2]})
    assert message == (
        "X must be C-contiguous, got array(float64, 2d, A): give np.ascontiguousarray(X)"
    )
    given = fitting("train_row")
    message = refused_by_compiler("train_row", given | {"learning_rate": None})
    assert message == "learning_rate must be a float, or a whole number, got None: give a float"


RESULTS = {
    "strided": (lambda array: np.repeat(array, 2, axis=-1)[..., ::2], "must be C-contiguous, got "),
    "read-only": (read_only, "must be writable, got "),
    "integers": (lambda array: array.astype(int), "must have dtype float32 or float64, got int64"),
    "None": (lambda array: None, "must be an array of 2 axes, got None"),
}


@pytest.mark.compiled
@pytest.mark.parametrize("wrong", RESULTS)
def test_compiled_code_is_told_what_a_table_of_results_must_be(wrong):
    change, expected = RESULTS[wrong]
    given = fitting("predict_rows")
    message = refused_by_compiler("predict_rows", given | {"outputs": change(given["outputs"])})
    assert message.startswith(f"outputs {expected}")
    remedy = (
        "one of shape (n_samples, n_out)" if wrong == "None" else "np.empty((n_samples, n_out))"
    )
    assert message.endswith(f": give {remedy}")


@pytest.mark.compiled
@pytest.mark.parametrize("wrong", ["vectors", "X", "outputs"])
def test_compiled_code_is_told_what_many_networks_need(wrong):
    handle = make_handle()
    given = {
        "vectors": np.ones((2, handle.params.size)),
        "X": np.ones((N, N_IN)),
        "outputs": np.empty((2, N, N_OUT)),
    }
    message = refused_by_compiler("predict_population", given | {wrong: given[wrong][..., ::2]})
    assert message.startswith(f"{wrong} must be C-contiguous, got array(float64, ")


@pytest.mark.compiled
def test_errors_of_inputs_may_be_strided():
    handles, given = (make_handle(), make_handle()), fitting("add_vjp_rows")
    expected = given.pop("errors_x")
    got = np.repeat(expected, 2, axis=-1)[..., ::2]
    for handle, errors_x in zip(handles, (got, expected), strict=True):
        core.add_vjp_rows(handle, **given, errors_x=errors_x)
    np.testing.assert_array_equal(got, expected)


@pytest.mark.compiled
def test_compiled_code_is_told_what_a_handle_is():
    kernel = njit(lambda handle: core.update(handle, 0.1))
    needed = (
        r"handle must be what the handle\(\) of a network returns, got array\(.*: give net.hand"
    )
    with pytest.raises(TypingError, match=needed):
        kernel(np.ones(3))
