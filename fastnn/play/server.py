"""The server of ``fastnn play``, for this machine alone; it needs the extra ``play``.

It listens on 127.0.0.1. Every address begins with a token that is new each time; who does not know
it, or comes by another host's name or from another page, gets 404 and no more. Pages load nothing
from elsewhere, and may not.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import webbrowser
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib.resources import files
from typing import Any

from .._checks.extras import missing_package
from ..core.waiting import telling
from .greeting import greeting
from .messages import MOST_BYTES, MessageError, parse
from .session import Session
from .wire import as_text

try:
    from tornado import httpserver, web, websocket
except ImportError as error:
    raise missing_package("fastnn play", "tornado", "play") from error

HOST = "127.0.0.1"
MOST_SESSIONS = 8
_MOST_UNSENT = 8_000_000  # bytes that a page has not taken yet: no more pictures
_MOST_UNREAD = 4 * _MOST_UNSENT  # likewise: a page that reads nothing, but asks on
_TYPES = {
    "html": "text/html",
    "css": "text/css",
    "js": "text/javascript",
    "json": "application/json",
}
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self' ws://{host}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def page_files() -> dict[str, bytes]:
    """Return the files of the page, by name."""
    folder = files("fastnn.play").joinpath("page")
    return {
        entry.name: entry.read_bytes()
        for entry in folder.iterdir()
        if entry.name.rpartition(".")[2] in _TYPES
    }


class PlayServer:
    """The pages' server; `address` is where a browser finds it.

    `start` and `stop` are for a running event loop. A port of 0 means a free one.
    """

    def __init__(self, port: int = 0) -> None:
        self.token = secrets.token_urlsafe(24)
        self.sessions: set[PageSocket] = set()
        self.pool = ThreadPoolExecutor(2, "fastnn play pictures")
        self._sockets = [_bound(port)]
        self.port = self._sockets[0].getsockname()[1]
        self.hosts = (f"{HOST}:{self.port}", f"localhost:{self.port}")
        self._http: httpserver.HTTPServer | None = None

    @property
    def address(self) -> str:
        """The address of the page, with the token."""
        return f"http://{HOST}:{self.port}/{self.token}/"

    def start(self) -> None:
        """Answer from now on."""
        own = {"server": self}
        application = web.Application(
            [
                (r"/([^/]+)/socket", PageSocket, own),
                (r"/([^/]+)/([a-z.]*)", PageFile, own | {"content": page_files()}),
            ],
            default_handler_class=Nothing,
            default_handler_args={},
            websocket_max_message_size=MOST_BYTES,
            websocket_ping_interval=30,
            log_function=lambda handler: None,
        )
        self._http = httpserver.HTTPServer(
            application, max_body_size=1024, max_header_size=16384, idle_connection_timeout=60
        )
        self._http.add_sockets(self._sockets)

    async def stop(self) -> None:
        """End all sessions, and answer no more."""
        if self._http is not None:
            self._http.stop()
        for page in [*self.sessions]:
            page.close(1001)
            page.end()
        if self._http is not None:
            await self._http.close_all_connections()
        self.pool.shutdown(wait=False, cancel_futures=True)

    def is_allowed(self, handler: web.RequestHandler, token: str) -> bool:
        """Return True if a request has the token, is for this host, and is of this page."""
        request = handler.request
        host, origin = request.headers.get("Host", ""), request.headers.get("Origin")
        has_token = secrets.compare_digest(token.encode(), self.token.encode())
        return (
            has_token
            and len(request.headers.get_list("Host")) == 1
            and host in self.hosts
            and origin in (None, f"http://{host}")
        )

    def tell(self, text: str) -> None:
        """Tell all pages that a kernel is being compiled, or with "" that it is done."""
        for page in [*self.sessions]:
            page.send({"type": "compiling", "is": bool(text)})


def _bound(port: int) -> socket.socket:
    try:
        bound = socket.create_server((HOST, port))
    except OSError as error:
        raise OSError(f"port must be free, got {port}: {error.strerror}") from error
    bound.setblocking(False)
    return bound


class Nothing(web.RequestHandler):
    """What is not there, or not for everyone: 404, and no word why."""

    def set_default_headers(self) -> None:
        """Set what is the same in every answer."""
        self.clear_header("Server")
        for name, value in _HEADERS.items():
            self.set_header(name, value)

    def prepare(self) -> None:
        """Refuse."""
        raise web.HTTPError(404)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Say the number, and nothing of the reason."""
        self.set_header("Content-Type", "text/plain")
        self.finish(f"{status_code}\n")


class PageFile(Nothing):
    """A file of the page."""

    def initialize(self, server: PlayServer, content: dict[str, bytes]) -> None:
        """Take over what all requests share."""
        self.server, self.content = server, content

    def prepare(self) -> None:
        """Refuse who may not ask."""
        if not self.server.is_allowed(self, self.path_args[0]):
            raise web.HTTPError(404)

    def get(self, token: str, name: str) -> None:
        """Answer with the file."""
        content = self.content.get(name or "index.html")
        if content is None:
            raise web.HTTPError(404)
        suffix = (name or "index.html").rpartition(".")[2]
        self.set_header("Content-Type", f"{_TYPES[suffix]}; charset=utf-8")
        policy = _POLICY.format(host=self.request.headers["Host"])
        self.set_header("Content-Security-Policy", policy)
        self.write(content)


class PageSocket(websocket.WebSocketHandler):
    """The line to one page, and its session."""

    def initialize(self, server: PlayServer) -> None:
        """Take over what all requests share."""
        self.server = server
        self._session: Session | None = None
        self._is_drawing = self._is_another = False
        self._unsent = 0
        self._loop = asyncio.get_running_loop()

    def set_default_headers(self) -> None:
        """Leave out who serves."""
        self.clear_header("Server")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Say the number, and nothing of the reason."""
        self.finish(f"{status_code}\n")

    def check_origin(self, origin: str) -> bool:
        """Return True: `prepare` has looked."""
        return True

    def prepare(self) -> None:
        """Refuse who may not ask: a page says its origin, and only ours has the right one."""
        is_page = self.request.headers.get("Origin") is not None
        if not is_page or not self.server.is_allowed(self, self.path_args[0]):
            raise web.HTTPError(404)

    def open(self, *args: str, **kwargs: str) -> None:
        """Begin a session, unless there are too many."""
        self.set_nodelay(True)
        if len(self.server.sessions) >= MOST_SESSIONS:
            self.send(
                {"type": "error", "code": "full", "message": f"{MOST_SESSIONS} pages are open"}
            )
            self.close(1013)
            return
        self.server.sessions.add(self)
        self._session = Session(self.send_from_thread)
        self.send(greeting())

    def on_message(self, message: str | bytes) -> None:
        """Check a message, and hand it to the session; a page that reads no answers is left."""
        if self._session is None:
            return
        if self._unsent > _MOST_UNREAD:
            self.close(1008)
            self.end()
            return
        try:
            checked = parse(message)
        except MessageError as error:
            self.send({"type": "error", "code": "refused", "message": str(error)})
            return
        if checked["type"] == "frame":
            self._draw(self._session.picture)
        elif not self._session.post(checked):
            self.send({"type": "error", "code": "busy", "message": "too many messages are waiting"})

    def _draw(self, picture: Callable[[], bytes | None]) -> None:
        """Send a picture; if one is being made, another after it, as that may be older."""
        if self._unsent > _MOST_UNSENT:
            return
        if self._is_drawing:
            self._is_another = True
            return
        self._is_drawing, self._is_another = True, False
        made = self._loop.run_in_executor(self.server.pool, picture)

        def drawn(future: asyncio.Future[bytes | None]) -> None:
            self._is_drawing = False
            if not future.cancelled() and future.exception() is None:
                self.send(future.result() or {"type": "nothing"})
            if self._is_another and self._session is not None:
                self._draw(self._session.picture)

        made.add_done_callback(drawn)

    def send_from_thread(self, message: bytes | dict[str, Any]) -> None:
        """Send from any thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.send, message)

    def send(self, message: bytes | dict[str, Any]) -> None:
        """Send, if the page is still there."""
        data = message if isinstance(message, bytes) else as_text(message)
        try:
            sent = self.write_message(data, binary=isinstance(data, bytes))
        except websocket.WebSocketClosedError:
            return
        size = len(data)
        self._unsent += size

        def taken(future: asyncio.Future[None]) -> None:
            self._unsent -= size
            future.cancelled() or future.exception()  # a page that has gone is no error

        asyncio.ensure_future(sent).add_done_callback(taken)

    def on_close(self) -> None:
        """End the session."""
        self.end()

    def end(self) -> None:
        """End the session, if there is one."""
        self.server.sessions.discard(self)
        if self._session is not None:
            self._session.close()
            self._session = None


def serve(port: int, say: Callable[[str], object], *, open_browser: bool = True) -> None:
    """Serve pages until Ctrl-C, which is no error; `say` is told the address."""
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(port, say, open_browser))


async def _serve(port: int, say: Callable[[str], object], open_browser: bool) -> None:
    server = PlayServer(port)
    loop = asyncio.get_running_loop()
    server.start()
    try:
        with telling(lambda text: loop.call_soon_threadsafe(server.tell, text)):
            say(f"{server.address}\nOpen it in a browser; Ctrl-C ends it")
            if open_browser:
                webbrowser.open(server.address)
            await asyncio.Event().wait()
    finally:
        await server.stop()
