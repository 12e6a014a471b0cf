"""A page's session: a thread that trains its network and does what the page asks."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from time import perf_counter
from typing import Any

import numpy as np

from .. import DivergenceError
from .data import load
from .drawing import SIDE, as_digit
from .export import exported
from .frames import Camera
from .run import SPAN, Run
from .settings import Settings
from .steps import corner
from .table import Table, read
from .wire import packed

_MOST_WAITING = 64  # messages
_FIGURES_EVERY = 0.25  # seconds of training
_IDLE = 3600.0  # seconds: how long a wait may last; it ends by a message

_LOGGER = logging.getLogger("fastnn")

Send = Callable[[bytes | dict[str, Any]], None]


class Session:
    """Trains one network, and answers through `send`, which other threads may call."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._inbox: queue.Queue[dict[str, Any] | None] = queue.Queue(_MOST_WAITING)
        self._table: Table | None = None
        self._is_new_table = False
        self._run: Run | None = None
        self._camera: Camera | None = None
        self._figures: dict[str, float] = {}
        self._playing = self._closed = False
        self._goal = 0.0  # the epoch at which to pause, or 0
        self._began = self._began_at = self._began_trained = 0.0
        self._rate = self._share = 0.0
        self._figured = self._spanned = 0.0  # when that was last done
        self._thread = threading.Thread(target=self._live, name="fastnn play", daemon=True)
        self._thread.start()

    # ---- for the server --------------------------------------------------------------------------

    def post(self, message: dict[str, Any]) -> bool:
        """Leave a checked message; return False if too many are waiting."""
        try:
            self._inbox.put_nowait(message)
        except queue.Full:
            return False
        return True

    def close(self) -> None:
        """End the thread, after the span of training that is under way."""
        self._closed = True
        with suppress(queue.Full):  # then it looks at `_closed` after a message
            self._inbox.put_nowait(None)

    def join(self, seconds: float) -> None:
        """Wait for the end of the thread."""
        self._thread.join(seconds)

    def picture(self) -> bytes | None:
        """Return the present picture, if there is a network; the network may be in training."""
        camera = self._camera
        if camera is None:
            return None
        return camera.frame(
            {
                "playing": self._playing,
                "figures": self._figures,
                "rate": round(self._rate, 3),
                "share": round(self._share, 3),
            }
        )

    # ---- the thread ------------------------------------------------------------------------------

    def _live(self) -> None:
        while not self._closed:
            message = self._next()
            if message is not None:
                self._answer(message)
            elif self._playing and not self._closed:
                self._guarded(self._train)

    def _next(self) -> dict[str, Any] | None:
        """Return a message that waits, or wait for one while there is nothing to train."""
        try:
            if self._playing:
                pause = self._ahead()
                return self._inbox.get(timeout=pause) if pause > 0 else self._inbox.get_nowait()
            return self._inbox.get(timeout=_IDLE)
        except queue.Empty:
            return None

    def _ahead(self) -> float:
        """Return by how many seconds training is ahead of the speed that is set."""
        run = self._run
        if run is None or not run.settings.speed:
            return 0.0
        due = self._began + (run.epoch - self._began_at + 1) / run.settings.speed
        return max(due, self._spanned + SPAN) - perf_counter()

    def _answer(self, message: dict[str, Any]) -> None:
        kind = message.pop("type")
        self._guarded(getattr(self, f"_do_{kind}"), **message)

    def _guarded(self, do: Callable[..., None], **fields: Any) -> None:
        """Do something; if it cannot be done, say why, and pause."""
        try:
            do(**fields)
        except DivergenceError as error:
            self._playing = False
            self._send({"type": "error", "code": "diverged", "message": str(error)})
        except Exception as error:
            if not isinstance(error, ImportError | ValueError | TypeError | OSError):
                _LOGGER.exception("fastnn play could not answer")
            self._playing = False
            self._send({"type": "error", "code": "refused", "message": str(error)})

    def _train(self) -> None:
        run = self._present()
        left = int(self._goal - run.epoch) if self._goal else 10**9
        if run.settings.speed:
            due = (perf_counter() - self._began) * run.settings.speed
            left = min(left, max(1, int(self._began_at + due - run.epoch)))
        run.train(left)
        self._spanned = perf_counter()
        self._measure(run)
        is_done = bool(self._goal) and run.epoch >= self._goal
        if is_done or run.is_at_end:
            self._pause("limit" if run.is_at_end else "done")
        elif perf_counter() - self._figured > _FIGURES_EVERY:
            self._figure()

    def _measure(self, run: Run) -> None:
        """Work out epochs a second, and the share of a core that training gets."""
        passed = perf_counter() - self._began
        self._rate = (run.epoch - self._began_at) / passed
        self._share = (run.trained - self._began_trained) / passed

    def _figure(self) -> None:
        if self._camera is not None:
            self._figures = self._camera.figures()
            self._figured = perf_counter()

    def _present(self) -> Run:
        if self._run is None:
            raise ValueError("there must be a network first: choose data")
        return self._run

    def _pause(self, why: str) -> None:
        self._playing = False
        self._figure()
        self._send({"type": "paused", "why": why})

    def _use(self, settings: Settings) -> None:
        """Make a network, and show it."""
        run = Run(settings, load(settings, self._table))
        camera = Camera(run)
        figures = camera.figures()
        scene = camera.scene()
        camera.frame({})  # what cannot be shown is refused here
        self._playing = False
        self._is_new_table &= settings.data != "csv"
        self._run, self._camera, self._figures = run, camera, figures
        self._rate = self._share = 0.0
        self._send(scene)

    # ---- what a page may ask for -----------------------------------------------------------------

    def _do_set(self, settings: Settings) -> None:
        run = self._run
        is_other_data = settings.data == "csv" and self._is_new_table
        if run is None or is_other_data or settings.needs_another_network(run.settings):
            self._use(settings)
            return
        run.settings = settings
        self._begin(run)
        self._send({"type": "tuned", "settings": settings.as_json()})

    def _begin(self, run: Run) -> None:
        """Measure speed from now on."""
        self._began, self._began_at = perf_counter(), run.epoch
        self._began_trained = run.trained
        self._goal = run.epoch + run.settings.epochs if run.settings.epochs else 0.0

    def _do_play(self) -> None:
        run = self._present()
        if run.is_at_end:
            self._pause("limit")
            return
        self._begin(run)
        self._playing = True
        self._send({"type": "playing"})

    def _do_pause(self) -> None:
        self._present()
        self._pause("asked")

    def _do_reset(self) -> None:
        self._use(self._present().settings)

    def _do_step(self, of: str) -> None:
        run = self._present()
        self._playing = False
        numbers = run.step(of)
        self._figure()
        self._send(numbers)

    def _do_weights(self) -> None:
        net = self._present().net
        layers = []
        for k, (W, b) in enumerate(zip(net.weights, net.biases, strict=True)):
            layers.append([corner(f"W[{k}]", W)] + ([] if b is None else [corner(f"b[{k}]", b)]))
        self._send({"type": "weights", "layers": layers})

    def _do_ask(self, x: tuple[float, ...]) -> None:
        run = self._present()
        n_in = run.net.n_in
        if len(x) != n_in:
            raise ValueError(f"x must hold {n_in} numbers, got {len(x)}")
        outputs = run.net.predict(run.data.standardised(np.array(x)))
        self._send({"type": "answer", "outputs": outputs.tolist()})

    def _do_draw(self, pixels: tuple[int, ...]) -> None:
        run = self._present()
        if run.data.kind != "digits":
            raise ValueError(f"data must be digits to draw one, got {run.data.name}")
        image = as_digit(np.reshape(pixels, (SIDE, SIDE)) / 255)
        upright = (255 * image.reshape(SIDE, SIDE).T).astype(np.uint8)
        head = {"type": "drawn", "outputs": run.net.predict(image).tolist()}
        self._send(packed(head, {"image": upright}))

    def _do_export(self, format: str) -> None:
        name, content = exported(self._present(), format)
        content_array = np.frombuffer(content, np.uint8)
        self._send(packed({"type": "file", "name": name}, {"content": content_array}))

    def _do_csv(self, name: str, text: str) -> None:
        self._table, self._is_new_table = read(text, name), True
        self._send(self._table.description())
