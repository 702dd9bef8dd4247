"""RFC 6455 from the server's side: bytes in, messages out. No socket, no thread.

No server library stands in requirements.lock, and the part that a venue needs is small: no
extensions, no fragments of our own, no masks of our own.
"""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from hashlib import sha1
from typing import Final

MAGIC: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
KEY_SIZE: Final = 16
MESSAGE_SIZE_MAX: Final = 16 * 1024 * 1024
CONTROL_SIZE_MAX: Final = 125
FINAL: Final = 0x80
RESERVED: Final = 0x70
MASKED: Final = 0x80


class Opcode(IntEnum):
    CONTINUATION = 0x0
    TEXT = 0x1
    BINARY = 0x2
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA

    @property
    def is_control(self) -> bool:
        return self >= Opcode.CLOSE


class CloseCode(IntEnum):
    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    TOO_BIG = 1009


class BadFrame(Exception):
    """The other side broke the protocol; the connection has to be closed with `code`."""

    def __init__(self, why: str, code: CloseCode = CloseCode.PROTOCOL_ERROR) -> None:
        super().__init__(why)
        self.code = code


class NotAnUpgrade(Exception):
    """The HTTP request does not open a WebSocket; the message says what is missing."""


@dataclass(frozen=True)
class Message:
    opcode: Opcode
    payload: bytes


def handshake(headers: Mapping[str, str]) -> bytes:
    """Return the answer that opens the connection; the names of the headers are in lower case.

    Raises NotAnUpgrade.
    """
    wanted = {token.strip().lower() for token in headers.get("connection", "").split(",")}
    if "upgrade" not in wanted:
        raise NotAnUpgrade("Connection header did not include 'upgrade'")
    if headers.get("upgrade", "").lower() != "websocket":
        raise NotAnUpgrade("Upgrade header did not include 'websocket'")
    if headers.get("sec-websocket-version") != "13":
        raise NotAnUpgrade("Sec-WebSocket-Version header did not include '13'")
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {accepted(headers.get('sec-websocket-key', ''))}",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def accepted(key: str) -> str:
    """Return the proof that the key was read. Raises NotAnUpgrade for what is not a key."""
    try:
        size = len(b64decode(key, validate=True))
    except (NotBase64, ValueError):
        size = 0
    if size != KEY_SIZE:
        raise NotAnUpgrade("Sec-WebSocket-Key header missing")
    # The RFC wants SHA-1 here; nothing secret hangs on it.
    return b64encode(sha1((key + MAGIC).encode(), usedforsecurity=False).digest()).decode()


def encoded(opcode: Opcode, payload: bytes) -> bytes:
    """Return one whole frame, unmasked as a server's are."""
    size = len(payload)
    if size < 126:
        head = bytes([FINAL | opcode, size])
    elif size < 2**16:
        head = bytes([FINAL | opcode, 126]) + size.to_bytes(2, "big")
    else:
        head = bytes([FINAL | opcode, 127]) + size.to_bytes(8, "big")
    return head + payload


def closing(code: CloseCode) -> bytes:
    return encoded(Opcode.CLOSE, int(code).to_bytes(2, "big"))


@dataclass
class Decoder:
    """Puts a client's frames together. After BadFrame it must not be fed again."""

    _buffer: bytearray = field(default_factory=bytearray)
    _parts: bytearray = field(default_factory=bytearray)
    _begun: Opcode | None = None  # Of a message that came in fragments so far.

    def feed(self, received: bytes) -> list[Message]:
        """Take bytes in whatever pieces they come; return what is complete. Raises BadFrame."""
        self._buffer += received
        messages: list[Message] = []
        while True:
            frame = self._next_frame()
            if frame is None:
                return messages
            message = self._joined(*frame)
            if message is not None:
                messages.append(message)

    def _next_frame(self) -> tuple[bool, Opcode, bytes] | None:
        if len(self._buffer) < 2:
            return None
        first, second = self._buffer[0], self._buffer[1]
        opcode, size, start = _opcode(first), second & 0x7F, 2
        if not second & MASKED:
            raise BadFrame("A client has to mask its frames.")
        if opcode.is_control and (size > CONTROL_SIZE_MAX or not first & FINAL):
            raise BadFrame("A control frame is short and in one piece.")
        if size >= 126:
            start += 2 if size == 126 else 8
            if len(self._buffer) < start:
                return None
            size = int.from_bytes(self._buffer[2:start], "big")
        if size + len(self._parts) > MESSAGE_SIZE_MAX:
            raise BadFrame("A message is too large.", CloseCode.TOO_BIG)
        end = start + 4 + size
        if len(self._buffer) < end:
            return None
        payload = _unmasked(self._buffer[start + 4 : end], self._buffer[start : start + 4])
        del self._buffer[:end]
        return bool(first & FINAL), opcode, payload

    def _joined(self, is_final: bool, opcode: Opcode, payload: bytes) -> Message | None:
        if opcode.is_control:  # These may come between the fragments of a message.
            return Message(opcode, payload)
        if (opcode is Opcode.CONTINUATION) is (self._begun is None):
            raise BadFrame("A message began in the middle of another, or went on from none.")
        begun = self._begun or opcode
        self._parts += payload
        if not is_final:
            self._begun = begun
            return None
        message = Message(begun, bytes(self._parts))
        self._begun, self._parts = None, bytearray()
        return message


def _opcode(first: int) -> Opcode:
    if first & RESERVED:
        raise BadFrame("No extension was agreed on.")
    try:
        return Opcode(first & 0x0F)
    except ValueError:
        raise BadFrame("Nobody knows this kind of frame.") from None


def _unmasked(payload: bytes | bytearray, mask: bytes | bytearray) -> bytes:
    size = len(payload)
    repeated = (bytes(mask) * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")).to_bytes(size, "big")
