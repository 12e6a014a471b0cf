"""A server of pages in a thread of its own, clients of it, and a real browser."""

import asyncio
import json
import os
import shutil
import threading
from contextlib import contextmanager
from time import monotonic, sleep

import numpy as np
import pytest

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "chrome")


@pytest.fixture(scope="session")
def server():
    """Return a server that answers until the end of the tests."""
    pytest.importorskip("tornado")
    from fastnn.play.server import PlayServer

    loop, started, found = asyncio.new_event_loop(), threading.Event(), []

    async def live():
        found.append(PlayServer())
        found[0].start()
        ended = asyncio.Event()
        found.append(ended)
        started.set()
        await ended.wait()
        await found[0].stop()

    thread = threading.Thread(target=loop.run_until_complete, args=[live()])
    thread.start()
    assert started.wait(30)
    yield found[0]
    loop.call_soon_threadsafe(found[1].set)
    thread.join(30)
    loop.close()
    assert not thread.is_alive()


def unpacked(message):
    """Return the head of a binary message, with its arrays by name."""
    size = int.from_bytes(message[:4], "little")
    head, offset = json.loads(message[4 : 4 + size]), 4 + size
    for part in head.pop("parts"):
        kind = np.dtype(part["kind"])
        n = int(np.prod(part["shape"]))
        array = np.frombuffer(message, kind, n, offset).reshape(part["shape"])
        head[part["name"]] = array
        offset += -(-n * kind.itemsize // 4) * 4
    assert offset == len(message)
    return head


class Client:
    """A page's end of the line, without a page."""

    def __init__(self, server, **headers):
        from tornado.httpclient import HTTPRequest
        from tornado.websocket import websocket_connect

        self.loop, self.has_ended = asyncio.new_event_loop(), False
        headers = {"Origin": f"http://127.0.0.1:{server.port}"} | headers
        address = f"ws://127.0.0.1:{server.port}/{server.token}/socket"
        request = HTTPRequest(address, headers=headers)
        self.line = self._run(lambda: websocket_connect(request, max_message_size=10**8))

    def _run(self, begin):
        async def wait():
            return await asyncio.wait_for(begin(), 60)

        return self.loop.run_until_complete(wait())

    def _read(self):
        """Return a message, or None for ever after the end of the line."""
        if not self.has_ended:
            message = self._run(self.line.read_message)
            self.has_ended = message is None
        return None if self.has_ended else message

    def say(self, kind, **fields):
        self.say_raw(json.dumps({"type": kind, **fields}))

    def say_raw(self, text, binary=False):
        self._run(lambda: self.line.write_message(text, binary=binary))

    def hear(self, *kinds):
        """Return the next message of these kinds, or None if the line has ended."""
        while (message := self._read()) is not None:
            head = json.loads(message) if isinstance(message, str) else unpacked(message)
            if not kinds or head["type"] in kinds:
                return head
        return None

    def ask(self, kind, *kinds, **fields):
        """Say something, and return the answer, of these kinds or an error."""
        self.say(kind, **fields)
        return self.hear(*kinds, "error")

    def use(self, name, **changes):
        """Use the settings that some data begin with, but for changes; return the scene."""
        from fastnn.play.settings import PRESETS

        return self.ask("set", "scene", settings=PRESETS[name].as_json() | changes)

    def end(self):
        self.line.close()
        while self._read() is not None:
            pass
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()


@contextmanager
def ended(client):
    """End a client afterwards, whatever happens."""
    try:
        yield client
    finally:
        client.end()


@pytest.fixture
def client(server):
    """Return a client that has been greeted."""
    with ended(Client(server)) as client:
        assert client.hear()["type"] == "hello"
        yield client


@pytest.fixture(scope="module")
def browser():
    """Return a real Chromium; without one the tests are skipped, but not where CI is set.

    Playwright has an event loop that runs as long as it does: other modules need their own.
    """
    sync_api = pytest.importorskip("playwright.sync_api")
    path = os.environ.get("FASTNN_CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUMS)), "")
    if not path:
        reason = "needs Chromium, which is not installed: FASTNN_CHROMIUM=path names one"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(server, browser):
    """Return a function that opens a page; nothing may come from elsewhere, or go wrong."""
    contexts, troubles, addresses = [], [], []

    def open_page(settings="", *, is_ready=True, **options):
        context = browser.new_context(**{"locale": "en-GB"} | options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda request: addresses.append(request.url))
        page.goto(f"{server.address}{settings}")
        if is_ready:
            page.wait_for_selector("body[data-pictures]")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not troubles
    assert all(url.startswith((server.address, "blob:", "data:")) for url in addresses)


def wait_until(is_so, seconds=60):
    until = monotonic() + seconds
    while not is_so():
        assert monotonic() < until
        sleep(0.02)


def epoch_of(page):
    return float(page.get_attribute("#epoch", "data-value"))


def address_of(page):
    return page.evaluate("location.href")  # `page.url` may be the one before


def settled(page):
    """Wait until the page draws no more."""
    count = None
    while count != (count := page.get_attribute("body", "data-pictures")):
        sleep(0.15)
