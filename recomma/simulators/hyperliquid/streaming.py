"""A stream over a real socket: one thread reads, one writes."""

import threading
from contextlib import suppress
from io import BufferedIOBase
from socket import SHUT_RDWR, socket
from typing import Final

from recomma.simulators.hyperliquid.simulator import Simulator
from recomma.simulators.hyperliquid.streams import End, Stream
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
    """Carries one stream between a simulator and a connection that has been upgraded."""

    def __init__(self, simulator: Simulator, stream: Stream, connection: socket) -> None:
        self._simulator = simulator
        self._stream = stream
        self._connection = connection
        self._sending = threading.Lock()
        self._over = threading.Event()

    def serve(self, incoming: BufferedIOBase, closing_down: threading.Event) -> None:
        """Serve until either side hangs up, or the server closes down."""
        writer = threading.Thread(target=self._write, args=(closing_down,), daemon=True)
        writer.start()
        try:
            self._read(incoming)
        except OSError:
            pass  # The other side is gone, or our writer has hung up.
        finally:
            self._over.set()
            writer.join()
            self._simulator.disconnect(self._stream)

    def _read(self, incoming: BufferedIOBase) -> None:
        decoder = Decoder()
        # read() would wait for the whole chunk.
        while received := incoming.read1(CHUNK_SIZE):
            try:
                messages = decoder.feed(received)
            except BadFrame as bad:
                self._send(closing(bad.code))
                return
            for message in messages:
                if not self._take(message):
                    return

    def _take(self, message: Message) -> bool:
        """Handle one message; return whether the connection goes on."""
        match message.opcode:
            case Opcode.CLOSE:
                self._send(encoded(Opcode.CLOSE, message.payload[:2]))
                return False
            case Opcode.PING:
                self._send(encoded(Opcode.PONG, message.payload))
            case Opcode.TEXT | Opcode.BINARY:
                text = message.payload.decode(errors="replace")
                self._simulator.hear(self._stream, text)
        return True

    def _write(self, closing_down: threading.Event) -> None:
        with suppress(OSError):
            while not self._over.is_set() and not closing_down.is_set():
                for text in self._simulator.frames(self._stream, LOOK_SECONDS):
                    self._send(encoded(Opcode.TEXT, text.encode()))
                if self._stream.end is not None:
                    break
            if self._stream.end is not End.ABRUPT and not self._over.is_set():
                down = closing_down.is_set()
                self._send(closing(CloseCode.GOING_AWAY if down else CloseCode.NORMAL))
        with suppress(OSError):
            self._connection.shutdown(SHUT_RDWR)  # Which ends our reader as well.

    def _send(self, frame: bytes) -> None:
        with self._sending:
            self._connection.sendall(frame)
