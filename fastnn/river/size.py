"""What river asks every model for, which a network answers by itself."""

from __future__ import annotations

import pickle


class Sized:
    """Tells river its size: that of its pickle, of the network and all that it remembers.

    river's own walk from object to object would enter the compiled kernels, which all networks
    share, and whatever else of the process they know.
    """

    @property
    def _raw_memory_usage(self) -> int:
        return len(pickle.dumps(self))
