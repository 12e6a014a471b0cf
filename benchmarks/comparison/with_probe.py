"""What the second core gives: multiply-adds in registers, shared out among threads."""

from threading import Thread

from numba import njit

from fastnn.core.jit import JIT

from .task import Layers, Task

N_STEPS = 400_000_000


@njit(**JIT)
def _multiply_add(n):
    """Advance eight numbers that have no part in one another."""
    a = b = c = d = e = f = g = h = 0.5
    for _ in range(n):
        a, b, c, d = a * 0.9 + 0.1, b * 0.8 + 0.2, c * 0.7 + 0.3, d * 0.6 + 0.4
        e, f, g, h = e * 0.5 + 0.5, f * 0.4 + 0.6, g * 0.3 + 0.7, h * 0.2 + 0.8
    return a + b + c + d + e + f + g + h


class Training:
    """Half a second's work for one thread, whatever the task."""

    def __init__(self, task: Task, variant: str) -> None:
        n_threads, self._starts = int(variant), task.starts()
        self._shares = [N_STEPS // n_threads] * n_threads
        _multiply_add(1)

    def restore(self) -> None:
        """Do nothing."""

    def run(self) -> None:
        """Do the work."""
        threads = [Thread(target=_multiply_add, args=(n,)) for n in self._shares[1:]]
        for thread in threads:
            thread.start()
        _multiply_add(self._shares[0])
        for thread in threads:
            thread.join()

    def all_weights(self) -> list[Layers]:
        """Return the start: nothing was trained."""
        return self._starts
