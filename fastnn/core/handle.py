"""A network as a user's compiled code takes it: `Network.handle` returns it.

`api` has the functions that take it.
"""

import ctypes
from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from .block_pass import ROWS, triples_of
from .jit import SOURCES, entry
from .layout import Array, aligned_zeros, units_size
from .simd.bitset import WORD
from .simd.borrow import lent
from .train_batches import N_COUNTERS

# A field of this type makes the core's version a part of a handle's: of a user's function that
# Numba keeps on disk, the form that an earlier fastnn was compiled into is not found again.
_VERSION = np.zeros(0, dtype=[(f"fastnn_{SOURCES}", np.int8)])

Z, A, DELTA, TARGET = range(4)  # the rows of `units`; of `block`, the first three


class Handle(NamedTuple):
    """A network as compiled code takes it. It is for one thread; another takes one of its own.

    Attributes
    ----------
    params : ndarray, shape (n_params,)
        The network's own, or a copy if frozen.
    grad : ndarray, shape (n_params,)
        What gradients are added to, laid out as `params`.
    layers, loss, penalties, settings
        The layer table, the loss, and the rule of the optimiser, as kernels take them.
    slots, counters : ndarray
        The state of the optimiser.
    units, sets, block, words, version
        Scratch, and the version of the core.
    """

    params: NDArray[Any]
    grad: NDArray[Any]
    layers: NDArray[np.int64]
    loss: int
    penalties: NDArray[np.float64]
    settings: NDArray[np.float64]
    slots: NDArray[Any]
    counters: NDArray[np.int64]
    units: NDArray[Any]
    sets: NDArray[np.uint64]
    block: NDArray[Any]
    words: NDArray[np.uint64]
    version: NDArray[Any]

    def pointer(self) -> ctypes.c_void_p:
        """Return where `handle_at` finds the handle, for `user_data` of a C callback.

        The pointer keeps the handle's arrays alive, so something must keep the pointer.
        """
        pointer = _Pointer()
        pointer.handle = self
        pointer.memory = np.zeros(_size_of(self), np.uint8)
        pointer.value = pointer.memory.ctypes.data
        _put_at(pointer.value, self)
        return pointer


class _Pointer(ctypes.c_void_p):
    handle: Handle
    memory: Array


def handle_of(
    params: Array, layers: Array, loss: int, penalties: Array, settings: Array, slots: Array
) -> Handle:
    """Return a handle with scratch of its own."""
    dtype, n_units = params.dtype, units_size(layers)
    return Handle(
        params=params,
        grad=aligned_zeros(params.size, dtype),
        layers=layers,
        loss=loss,
        penalties=penalties,
        settings=settings,
        slots=slots,
        counters=np.zeros(N_COUNTERS, np.int64),
        units=np.zeros((4, n_units), dtype),
        sets=np.zeros((2, n_units // WORD), np.uint64),
        block=np.zeros((3, ROWS, n_units), dtype),
        words=np.zeros(triples_of(ROWS) * n_units // WORD, np.uint64),
        version=_VERSION,
    )


# ---- pointers ------------------------------------------------------------------------------------


@intrinsic
def _put(typing_context, address, handle):
    """Write the handle as compiled code holds it to the memory at `address`."""

    def lower(context, builder, signature, args):
        pointer = builder.inttoptr(args[0], context.get_data_type(handle).as_pointer())
        builder.store(context.data_model_manager[handle].as_data(builder, args[1]), pointer)
        return context.get_dummy_value()

    return types.void(types.intp, handle), lower


@intrinsic
def _size(typing_context, handle):
    """Return how many bytes that takes."""

    def lower(context, builder, signature, args):
        return context.get_constant(
            types.intp, context.get_abi_sizeof(context.get_data_type(handle))
        )

    return types.intp(handle), lower


@entry
def _put_at(address, handle):
    _put(address, lent(handle))  # what would count references is gone after this call


@entry
def _size_of(handle):
    return _size(handle)


@intrinsic
def handle_at(typing_context, pointer, form):
    """Return the handle that `Handle.pointer` points to; `form` is its `numba.typeof`.

    It serves C callbacks (`numba.cfunc`). They should not be kept on disk, for their own types say
    nothing of the handle's; what they call with it may be.
    """
    handle = form.instance_type

    def lower(context, builder, signature, args):
        address = builder.bitcast(args[0], context.get_data_type(handle).as_pointer())
        return context.data_model_manager[handle].load_from_data_pointer(builder, address)

    return handle(pointer, form), lower
