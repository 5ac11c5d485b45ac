"""A web server of Python's standard library that Morrow ships as it is.

What Morrow asks of it is what any server needs: listen where PORT and HOST say, answer /health,
and let requests under way finish when told to stop.
"""

import os
import signal
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GREETING = "Hello from Python\n"


class UnderWay:
    """Counts requests that are being answered."""

    def __init__(self):
        self.count = 0
        self.changed = threading.Condition()

    def __enter__(self):
        with self.changed:
            self.count += 1

    def __exit__(self, *_):
        with self.changed:
            self.count -= 1
            self.changed.notify_all()

    def wait_for_none(self, seconds):
        with self.changed:
            return self.changed.wait_for(lambda: self.count == 0, timeout=seconds)


under_way = UnderWay()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keeps connections open
    wbufsize = -1  # head and body leave in one packet

    def do_GET(self):
        with under_way:
            path = self.path.split("?")[0]
            if path in ("/health", "/health/live"):
                self.answer(200, "ok\n")
            elif path == "/wait":
                self.answer(200, GREETING, pause=1)
            elif path == "/":
                self.answer(200, GREETING)
            else:
                self.answer(404, "There is no such page.\n")

    def answer(self, status, text, pause=0):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if pause:
            self.wfile.flush()
            time.sleep(pause)
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True  # idle connections do not keep the process alive


def main():
    address = (os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8000")))
    server = Server(address, Handler)
    # Not in the signal's own thread: shutdown() waits for the loop that it interrupts.
    stop = threading.Thread(target=server.shutdown)
    signal.signal(signal.SIGTERM, lambda *_: stop.start())
    print(f"listening on {address[0]}:{address[1]}", flush=True)
    server.serve_forever(poll_interval=0.05)
    under_way.wait_for_none(seconds=9)
    print("stopped", flush=True)


main()
