"""The few words of Redis's protocol the benchmarks speak: no client library between us and it."""

import socket
from collections.abc import Sequence
from types import TracebackType
from typing import Self

HOST, PORT = "127.0.0.1", 6379


class NoRedis(Exception):
    """There is no Redis to compare with on this machine."""


class Redis:
    """One connection; commands are sent together and their answers read together."""

    def __init__(self) -> None:
        try:
            self._socket = socket.create_connection((HOST, PORT), timeout=5)
        except OSError as error:
            raise NoRedis(f"no Redis at {HOST}:{PORT}") from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answers = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        self._answers.close()
        self._socket.close()

    def ask(self, *commands: Sequence[object]) -> list[object]:
        """Send commands in one go (a pipeline) and return their answers in order."""
        self._socket.sendall(b"".join(map(_packed, commands)))
        return [self._answer() for _ in commands]

    def _answer(self) -> object:
        line = self._answers.readline()
        kind, rest = line[:1], line[1:-2]
        if kind == b"*":
            return [self._answer() for _ in range(int(rest))]
        if kind == b"$":
            size = int(rest)
            return None if size < 0 else self._answers.read(size + 2)[:-2]
        if kind == b"-":
            raise RuntimeError(rest.decode())
        return int(rest) if kind == b":" else rest


def _packed(command: Sequence[object]) -> bytes:
    words = [str(word).encode() for word in command]
    parts = [b"*%d\r\n" % len(words)]
    parts += [b"$%d\r\n%s\r\n" % (len(word), word) for word in words]
    return b"".join(parts)
