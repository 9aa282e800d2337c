"""An HTTP/1.1 server on loopback in a thread of its own, that remembers what it was asked.

Web(answer): answer(request) gives bytes, an Answer, or HANG (never answered, connection kept open).
It runs on the server's thread and must not block.
"""
import asyncio
import collections
import threading
import time

HANG = object()
Answer = collections.namedtuple("Answer", "status body headers", defaults=(200, b"", {}))
Request = collections.namedtuple("Request", "method path headers body at")
REASONS = {200: "OK", 304: "Not Modified", 404: "Not Found", 503: "Service Unavailable"}


class Connection(asyncio.Protocol):
    def __init__(self, web):
        self.web = web
        self.received = b""

    def connection_made(self, transport):
        self.transport = transport
        self.web.transports.add(transport)

    def connection_lost(self, _):
        self.web.transports.discard(self.transport)

    def data_received(self, data):
        self.received += data
        while (end := self.received.find(b"\r\n\r\n")) >= 0:
            lines = self.received[:end].decode("latin-1").split("\r\n")
            headers = {}
            for line in lines[1:]:
                name, _, value = line.partition(":")
                headers[name.strip().lower()] = value.strip()
            length = int(headers.get("content-length", 0))
            if len(self.received) < end + 4 + length:
                return
            body = self.received[end + 4:end + 4 + length]
            self.received = self.received[end + 4 + length:]
            method, path, _ = lines[0].split(" ", 2)
            self.reply(Request(method, path, headers, body, time.time()))

    def reply(self, request):
        answer = self.web.answer(request)
        self.web.note(request)
        if answer is HANG:
            return
        if isinstance(answer, bytes):
            answer = Answer(body=answer)
        lines = [f"HTTP/1.1 {answer.status} {REASONS.get(answer.status, 'Whatever')}"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        if answer.status != 304:
            lines.append(f"Content-Length: {len(answer.body)}")
        self.transport.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + answer.body)


class Web:
    def __init__(self, answer):
        self.answer = answer
        self.requests = []
        self.transports = set()
        self.loop = asyncio.new_event_loop()
        self.server = self.loop.run_until_complete(
            self.loop.create_server(lambda: Connection(self), "127.0.0.1", 0, backlog=1024))
        self.port = self.server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def note(self, request):
        self.requests.append(request)

    def asked(self, path):
        return [request for request in list(self.requests) if request.path == path]

    def close(self):
        def stop():
            self.server.close()
            for transport in list(self.transports):
                transport.abort()
            self.loop.call_soon(self.loop.stop)
        if self.thread.is_alive():
            self.loop.call_soon_threadsafe(stop)
            self.thread.join(5)
            self.loop.close()


def from_paths(**answers):
    """Answers by path: a value, or a call that is given the request."""
    def answer(request):
        found = answers.get(request.path.partition("?")[0].strip("/"), Answer(404, b"no such path"))
        return found(request) if callable(found) else found
    return answer
