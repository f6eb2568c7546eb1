"""A real S3 server for the tests (moto), behind a proxy that makes the network misbehave."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from moto.server import ThreadedMotoServer

from tenth.keep.places.bucket import BucketPlace, open_bucket

DROP = "drop"  # the connection closes before the server sees the request
DROP_ANSWER = "drop answer"  # the server does what was asked, and its answer is lost
CUT_BODY = "cut body"  # half of the body of the answer arrives

_QUICK = {
    "max_retries": 3,
    "retry_timeout": timedelta(seconds=20),
    "backoff": {
        "init_backoff": timedelta(milliseconds=1),
        "max_backoff": timedelta(milliseconds=4),
        "base": 2,
    },
}


class Proxy(ThreadingHTTPServer):
    """Passes requests on; `fail` lists what to do to the next ones instead, first match first."""

    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = port
        self.fail: list[tuple[str, str, int | str]] = []  # method, part of the path, what
        self.seen: list[tuple[str, str]] = []
        self.lock = threading.Lock()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def take(self, method: str, path: str) -> int | str | None:
        with self.lock:
            self.seen.append((method, path))
            for found in self.fail:
                if found[0] == method and found[1] in path:
                    self.fail.remove(found)
                    return found[2]
        return None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are part of the plan."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.take(self.command, self.path)
        if fault == DROP:
            self.close_connection = True
            return
        if isinstance(fault, int):
            self._answer(fault, [], b"<Error><Code>Planned</Code></Error>")
            return
        behind = http.client.HTTPConnection("127.0.0.1", self.server.behind)
        try:
            behind.request(self.command, self.path, body, dict(self.headers))
            answer = behind.getresponse()
            data = answer.read()
        finally:
            behind.close()
        if fault == DROP_ANSWER:
            self.close_connection = True
            return
        kept = ("connection", "transfer-encoding", "date", "server")
        headers = [(name, value) for name, value in answer.getheaders() if name.lower() not in kept]
        self._answer(answer.status, headers, data, cut=fault == CUT_BODY)

    def _answer(
        self, status: int, headers: list[tuple[str, str]], data: bytes, cut: bool = False
    ) -> None:
        self.send_response(status)
        named = {name.lower() for name, _ in headers}
        for name, value in headers:
            self.send_header(name, value)
        if "content-length" not in named:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data[: len(data) // 2] if cut else data)
        if cut:
            self.close_connection = True

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _pass

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


class Server:
    """The proxy, and places in buckets behind it."""

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        self._count = 0

    def fresh(self) -> BucketPlace:
        """A place in a new bucket, under a prefix."""
        self._count += 1
        self.proxy.fail.clear()
        bucket = f"bucket-{self._count}"
        asked = http.client.HTTPConnection("127.0.0.1", self.proxy.behind)
        asked.request("PUT", f"/{bucket}")
        assert asked.getresponse().status == 200
        asked.close()
        self.proxy.seen.clear()
        return self.open(f"s3://{bucket}/models/store")

    def open(self, url: str) -> BucketPlace:
        return open_bucket(
            url,
            endpoint=self.proxy.endpoint,
            access_key_id="test",
            secret_access_key="test",
            region="us-east-1",
            client_options={"allow_http": True},
            retry_config=_QUICK,
        )


@contextmanager
def running() -> Iterator[Server]:
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    _, port = moto.get_host_and_port()
    proxy = Proxy(port)
    thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield Server(proxy)
    finally:
        proxy.shutdown()
        thread.join()
        proxy.server_close()
        moto.stop()
