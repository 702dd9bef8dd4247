"""The stream over a socket that has been upgraded (RFC 6455)."""

import select
from collections.abc import Callable
from contextlib import suppress
from socket import socket
from threading import Event
from typing import Final

from recomma.simulators.threecommas.stream import Stream
from recomma.simulators.websocket import (
    BadFrame,
    CloseCode,
    Decoder,
    Message,
    Opcode,
    closing,
    encoded,
)

CHUNK_SIZE: Final = 64 * 1024
LOOK_SECONDS: Final = 0.05  # Nobody announces that simulated time went on.


class Streaming:
    """Carries one stream to a connection; `hear` and `due` ask the simulator under its lock."""

    def __init__(
        self,
        stream: Stream,
        connection: socket,
        *,
        hear: Callable[[Stream, str], list[str]],
        due: Callable[[Stream], list[str]],
    ) -> None:
        self._stream = stream
        self._connection = connection
        self._hear = hear
        self._due = due

    def serve(self, stopping: Event) -> None:
        """Serve until either side hangs up, or the server stops."""
        decoder = Decoder()
        with suppress(OSError):
            while not stopping.is_set():
                self._send_all(self._due(self._stream))
                if self._stream.dropped:
                    return
                if not self._ready():
                    continue
                received = self._connection.recv(CHUNK_SIZE)
                if not received:
                    return
                try:
                    messages = decoder.feed(received)
                except BadFrame as bad:
                    self._connection.sendall(closing(bad.code))
                    return
                if not all(self._take(message) for message in messages):
                    return
            self._connection.sendall(closing(CloseCode.GOING_AWAY))

    def _ready(self) -> bool:
        return bool(select.select([self._connection], [], [], LOOK_SECONDS)[0])

    def _take(self, message: Message) -> bool:
        """Handle one message; return whether the connection goes on."""
        match message.opcode:
            case Opcode.CLOSE:
                self._connection.sendall(encoded(Opcode.CLOSE, message.payload[:2]))
                return False
            case Opcode.PING:
                self._connection.sendall(encoded(Opcode.PONG, message.payload))
            case Opcode.TEXT | Opcode.BINARY:
                text = message.payload.decode(errors="replace")
                self._send_all(self._hear(self._stream, text))
        return True

    def _send_all(self, frames: list[str]) -> None:
        for frame in frames:
            self._connection.sendall(encoded(Opcode.TEXT, frame.encode()))
