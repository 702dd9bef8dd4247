"""Reading and breaking connections: what the fault proxy does to one of them."""

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass
from typing import Final

HEAD_END: Final = b"\r\n\r\n"
RESET_AT_CLOSE: Final = struct.pack("ii", 1, 0)  # SO_LINGER on, for no time: RST instead of FIN.


@dataclass(eq=False)
class Wire:
    """One end of a connection, with the two halves that asyncio gives it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    answer_is_lost: bool = False  # What comes back for it next is not passed on.

    async def send(self, piece: bytes) -> None:
        self.writer.write(piece)
        await self.writer.drain()

    def cut(self) -> None:
        """Close at once; what was not sent yet is lost."""
        self.writer.close()

    def reset(self) -> None:
        with contextlib.suppress(OSError):
            wire = self.writer.get_extra_info("socket")
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
        self.writer.transport.abort()


@dataclass(frozen=True)
class Message:
    """One HTTP request or answer, as it came over the wire."""

    head: bytes
    body: bytes

    @property
    def path(self) -> str:
        words = self.head.split(b"\r\n", 1)[0].split(b" ")
        return words[1].decode("latin-1").partition("?")[0] if len(words) > 1 else ""

    @property
    def whole(self) -> bytes:
        return self.head + self.body


async def read_message(reader: asyncio.StreamReader) -> Message | None:
    """Return the next message with a Content-Length; None when the other end has gone."""
    try:
        head = await reader.readuntil(HEAD_END)
        return Message(head, await reader.readexactly(_length(head)))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0


def answer(status: str, kind: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}"
    return f"{head}\r\nConnection: keep-alive\r\n\r\n".encode() + body
