"""A relay in front of the server: it counts what goes through, and can cut every line."""

from __future__ import annotations

import re
import socket
import threading

STREAM = re.compile(rb"^GET (/api/v1/stream\S*) HTTP/1.1\r\n", re.M)


class Relay:
    """Listens on a port of its own and passes bytes on; knows which connections carry a stream of events."""

    def __init__(self, port: int) -> None:
        self.target = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.pairs: list[tuple[socket.socket, socket.socket]] = []
        self.open: set[socket.socket] = set()
        #: The address of every stream that was asked for.
        self.asked: list[str] = []
        self.refuses = False
        #: While it is not set, streams that are asked for wait.
        self.lets_streams = threading.Event()
        self.lets_streams.set()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def streams(self) -> int:
        """How many streams are open."""
        with self.lock:
            return len(self.open)

    def cut(self, *, refuse: bool) -> None:
        """Ends every connection; with `refuse` new ones end at once, as when the network is gone."""
        self.refuses = refuse
        with self.lock:
            pairs, self.pairs = self.pairs, []
        for pair in pairs:
            for end in pair:
                self._end(end)

    def mend(self) -> None:
        self.refuses = False

    def close(self) -> None:
        self.listener.close()
        self.lets_streams.set()
        self.cut(refuse=True)

    @staticmethod
    def _end(end: socket.socket) -> None:
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self.refuses:
                client.close()
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                client.close()
                continue
            with self.lock:
                self.pairs.append((client, server))
            threading.Thread(target=self._pump, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, False), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, is_request: bool) -> None:
        try:
            while data := source.recv(65536):
                if is_request and (found := STREAM.search(data)):
                    self.lets_streams.wait()
                    with self.lock:
                        self.open.add(source)
                        self.asked.append(found[1].decode())
                target.sendall(data)
        except OSError:
            pass
        finally:
            with self.lock:
                self.open -= {source, target}
            self._end(source)
            self._end(target)
