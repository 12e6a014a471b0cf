"""Who may not ask gets 404 and no more; nonsense gets an error, and changes nothing."""

import socket
from contextlib import ExitStack, suppress

import pytest

from .conftest import Client, ended, wait_until


def request(server, text):
    """Return what the server answers to bytes as they are."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as line:
        line.sendall(text.replace("\n", "\r\n").encode("latin-1"))
        answer = b""
        while part := line.recv(65536):
            answer += part
    head, _, body = answer.decode("latin-1").partition("\r\n\r\n")
    return int(head.split()[1]), head.lower(), body


def get(server, path, host=None, more=""):
    host = host or f"127.0.0.1:{server.port}"
    return request(server, f"GET {path} HTTP/1.1\nHost: {host}\n{more}Connection: close\n\n")


def test_the_page_loads_nothing_from_outside(server):
    status, head, body = get(server, f"/{server.token}/")
    assert status == 200
    assert "<title>fastnn play</title>" in body
    assert "default-src 'none'; script-src 'self';" in head
    assert "unsafe" not in head
    assert "cache-control: no-store" in head
    assert "server:" not in head


@pytest.mark.parametrize("name", ["", "app.js", "style.css", "en.json"])
def test_a_wrong_token_host_or_origin_sees_nothing(server, name):
    path, token = f"/{server.token}/{name}", server.token
    assert get(server, path)[0] == 200
    assert get(server, path, host=f"localhost:{server.port}")[0] == 200
    refused = [
        get(server, f"/{name}"),
        get(server, f"/{token[:-1]}/{name}"),
        get(server, f"/{token}x/{name}"),
        get(server, f"/%00/{name}"),
        get(server, path, host="evil.example"),
        get(server, path, host=f"evil.example:{server.port}"),
        get(server, path, host="127.0.0.1"),
        get(server, path, more="Origin: http://evil.example\n"),
        get(server, path, more="Origin: null\n"),
    ]
    for status, head, body in refused:
        assert status == 404
        assert body == "404\n"
        assert token not in head


@pytest.mark.parametrize(
    "path", ["server.py", "../server.py", "..%2fserver.py", "%2e%2e/server.py", "socket", "x.json"]
)
def test_nothing_but_the_page_is_served(server, path):
    assert get(server, f"/{server.token}/{path}")[0] == 404


def test_other_methods_and_long_requests_are_refused(server):
    host = f"Host: 127.0.0.1:{server.port}\nConnection: close\n"
    path = f"/{server.token}/"
    assert request(server, f"POST {path} HTTP/1.1\n{host}Content-Length: 2\n\n{{}}")[0] == 405
    assert request(server, f"POST {path} HTTP/1.1\n{host}Content-Length: 99999999\n\n")[0] == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "http://127.0.0.1:1"},
        {"Host": "evil.example"},
    ],
)
def test_the_line_is_for_the_page_alone(server, headers):
    from tornado.httpclient import HTTPError

    with pytest.raises(HTTPError, match="404"):
        Client(server, **headers)


def test_a_line_without_an_origin_is_refused(server):
    more = "Upgrade: websocket\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: AAAA\n"
    assert get(server, f"/{server.token}/socket", more=more)[0] == 404


NONSENSE = [
    "",
    "{",
    "[" * 50_000,
    '{"type": "quit"}',
    '{"type": "play", "x": 1}',
    '{"type": "set", "settings": {}}',
    '{"type": "ask", "x": [NaN]}',
    '{"type": "ask", "x": [1, 2]}',
    '{"type": "draw", "pixels": [' + ",".join(["0"] * 400) + "]}",
    '{"type": "csv", "name": "own.csv", "text": "a,b\\n1,2"}',
    '{"type": "export", "format": "/etc/passwd"}',
]


@pytest.mark.compiled
def test_nonsense_gets_an_error_and_changes_nothing(client):
    client.use("xor")
    client.ask("step", "step", of="batch")
    before = client.ask("weights", "weights")
    for text in NONSENSE:
        client.say_raw(text)
        answer = client.hear("error")
        assert answer["code"] == "refused"
        assert len(answer["message"]) < 500
    client.say_raw(b"\x00\x01", binary=True)
    assert "must be text" in client.hear("error")["message"]
    assert client.ask("weights", "weights") == before
    assert client.ask("frame", "frame")["epoch"] == 1


@pytest.mark.compiled
@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"output": "relu", "loss": "cross_entropy"}, "cross_entropy"),
        ({"activation": "softmax"}, "softmax"),
        ({"data": "csv"}, "open a CSV file"),
        ({"data": "digits", "layers": [256, 256, 256]}, "take fewer units"),
    ],
)
def test_a_network_that_cannot_be_is_refused(client, changes, what):
    client.use("xor")
    client.ask("step", "step", of="batch")
    before = client.ask("weights", "weights")
    assert what in client.use("xor", **changes)["message"]
    assert client.ask("weights", "weights") == before


def test_a_message_that_is_too_long_ends_the_line(server):
    from tornado.websocket import WebSocketClosedError

    client = Client(server)
    client.hear("hello")
    with suppress(WebSocketClosedError):  # it need not even take all of it
        client.say_raw("x" * 4_100_000)
    assert client.hear() is None
    client.end()


def test_a_page_that_asks_but_does_not_read_is_left(server, monkeypatch):
    monkeypatch.setattr("fastnn.play.server._MOST_UNREAD", 10_000)
    host = f"127.0.0.1:{server.port}"
    wait_until(lambda: not server.sessions)
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.sendall(
            f"GET /{server.token}/socket HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        wait_until(lambda: server.sessions)
        with suppress(ConnectionError, TimeoutError):
            for _ in range(60):
                line.sendall(b"\x81\x81\0\0\0\0x" * 1000)  # each gets an error
        wait_until(lambda: not server.sessions)


def test_there_is_an_end_to_the_pages_that_may_be_open(server):
    from fastnn.play.server import MOST_SESSIONS

    wait_until(lambda: not server.sessions)  # the server may hear of an end after the page
    with ExitStack() as ends:

        def opened():
            return ends.enter_context(ended(Client(server)))

        assert {opened().hear()["type"] for _ in range(MOST_SESSIONS)} == {"hello"}
        late = opened()
        assert late.hear()["code"] == "full"
        assert late.hear() is None


def test_the_port_may_be_chosen_and_must_be_free(server):
    from fastnn.play.server import PlayServer

    with pytest.raises(OSError, match=f"port must be free, got {server.port}"):
        PlayServer(server.port)
