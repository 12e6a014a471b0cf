"""The naive NumPy network: what fastnn computes, written to be read.

It is the specification of the compiled kernels, the oracle of their tests and the baseline of the
benchmarks. It needs NumPy only, and nothing of the rest of the package. `functions` holds the
activations and losses, `optimizers` the rules of update, `network` the rest. `tiny` is the same in
80 lines, without options: read it first.

Of every layer k, with a_0 = x the input, f its activation and L the loss of one sample:

    forward     z_k = a_(k-1) W_k + b_k         a_k = f(z_k)
    backward    delta_k = dL/dz_k               last layer: dL/da f'(z), others: below
                delta_(k-1) = (delta_k W_k^T) f'(z_(k-1))
    gradient    dL/dW_k = a_(k-1)^T delta_k     dL/db_k = delta_k
    update      W_k -= learning_rate dL/dW_k    b_k -= learning_rate dL/db_k

W_k has the shape (n_in, n_out). One sample is a 1-D array, a batch is 2-D with a sample a row; the
same lines serve both, for `@` does, and the outputs are the last axis.

What may be added, in training only:

    weights     w_s L of sample s in the place of L; a mean divides by the sum of w_s in the batch
    dropout     a_k mask / (1 - p) is handed on in the place of a_k: some units are masked by 0
    penalty     l1 sum |W_k| + l2/2 sum W_k^2 of each layer, on top of the loss of a batch
    optimiser   another rule of update (`optimizers`)
    max_norm    after an update, W_k[:, j] is scaled down to this 2-norm where it has a larger one
"""

from .functions import ACTIVATIONS as ACTIVATIONS
from .functions import LOSSES as LOSSES
from .network import Reduction as Reduction
from .network import ReferenceNetwork as ReferenceNetwork
from .optimizers import OPTIMIZERS as OPTIMIZERS
from .optimizers import Optimizer as Optimizer
from .tiny import TinyNetwork as TinyNetwork
