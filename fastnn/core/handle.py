"""A network as a user's compiled code takes it: `Network.handle` returns it.

`api` has the functions that take it.
"""

import copy
import ctypes
from typing import Any, NamedTuple, NoReturn, Self, SupportsIndex

import numpy as np
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from .jit import SOURCES, entry, inner
from .layout import Array, Net, aligned_zeros, units_size
from .optimizers import Optimizer
from .scratch import BLOCK_ROWS, Block, Sample
from .simd.bitset import WORD, n_tiles_of
from .simd.borrow import borrowed, row_of

N_BITSETS = 2  # those of a sample and of none, before those of a block

# A field of this type makes the core's version a part of a handle's: of a user's function that
# Numba keeps on disk, the form that an earlier fastnn was compiled into is not found again.
_VERSION = np.zeros(0, dtype=[(f"fastnn_{SOURCES}", np.int8)])


class Handle(NamedTuple):
    """A network as compiled code takes it. It is for one thread; another takes one of its own.

    Attributes
    ----------
    params : ndarray, shape (n_params,)
        The network's own, or a copy if frozen.
    grad : ndarray, shape (n_params,)
        What gradients are added to, laid out as `params`.
    layer_table, loss : ndarray, int
        The rest of the network, as kernels take it.
    hyperparameters, penalties, state, counters : ndarray
        The optimiser, as kernels take it.
    units, block, bitsets, numbers, sums, version
        Scratch, and the version of the core.
    """

    params: NDArray[Any]
    grad: NDArray[Any]
    layer_table: NDArray[np.int64]
    loss: int
    hyperparameters: NDArray[np.float64]
    penalties: NDArray[np.float64]
    state: NDArray[Any]
    counters: NDArray[np.int64]
    units: NDArray[Any]
    block: NDArray[Any]
    bitsets: NDArray[np.uint64]
    numbers: NDArray[np.int64]
    sums: NDArray[np.float64]
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

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError(
            "a handle must stay in its process, for it holds addresses of functions, got a pickle "
            "of it: pickle the network, and call its handle() in the other process"
        )

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self._replace(**copy.deepcopy(self._asdict(), memo))


class _Pointer(ctypes.c_void_p):
    handle: Handle
    memory: Array


def handle_of(net: Net, optimizer: Optimizer) -> Handle:
    """Return a handle with scratch of its own."""
    dtype, n_units = net.params.dtype, units_size(net.layer_table)
    n_bitsets = N_BITSETS + int(n_tiles_of(BLOCK_ROWS))
    return Handle(
        params=net.params,
        grad=aligned_zeros(net.params.size, dtype),
        layer_table=net.layer_table,
        loss=net.loss,
        **optimizer._asdict(),
        units=aligned_zeros((5, n_units), dtype),
        block=aligned_zeros((3, BLOCK_ROWS, n_units), dtype),
        bitsets=np.zeros((n_bitsets, n_units // WORD), np.uint64),
        numbers=np.zeros(BLOCK_ROWS, np.int64),
        sums=np.zeros(1),
        version=_VERSION,
    )


@inner
def net_of(handle):
    """Return the network."""
    return Net(handle.params, handle.layer_table, handle.loss)


@inner
def optimizer_of(handle):
    """Return the optimiser."""
    return Optimizer(handle.hyperparameters, handle.penalties, handle.state, handle.counters)


@inner
def samples_of(handle):
    """Return scratch for one sample, a sample without inputs, and room for a target."""
    units, bitsets = handle.units, handle.bitsets
    z, a, delta, nowhere = row_of(units, 0), row_of(units, 1), row_of(units, 2), row_of(units, 3)
    sample = Sample(z, a, delta, row_of(bitsets, 0))
    return sample, Sample(nowhere, a, delta, row_of(bitsets, 1)), row_of(units, 4)


@inner
def block_of(handle):
    """Return scratch for a block of samples."""
    z, a, delta = row_of(handle.block, 0), row_of(handle.block, 1), row_of(handle.block, 2)
    numbers = handle.numbers
    return Block(z, a, a, delta, handle.bitsets[N_BITSETS:], numbers, z, numbers[:0], None)


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
    _put(address, borrowed(handle))  # what would count references is gone after this call


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
