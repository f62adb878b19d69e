"""A socket that carries frames: one is a JSON text and the raw bytes of its arrays, each with its length in front."""

from __future__ import annotations

import json
import socket
import struct
import time

from .values import MAX_BYTES, WireError

MAX_TEXT = 16_000_000  # bytes of one frame's JSON
_HEADER = struct.Struct(">II")


class Closed(Exception):
    """The other side is gone."""


class Late(Exception):
    """The other side did not answer in time."""


class Channel:
    """One end of a socket that carries frames. `deadline` is a time of `time.monotonic()`, None for no limit."""

    def __init__(self, sock: socket.socket):
        self.socket = sock
        self.deadline: float | None = None

    def send(self, message: dict, blob: bytes | bytearray = b"") -> None:
        """Raises WireError for a message that is too large, Closed, Late."""
        text = json.dumps(message, separators=(",", ":"), allow_nan=False).encode("utf-8", "surrogatepass")
        if len(text) > MAX_TEXT or len(blob) > MAX_BYTES:
            raise WireError(f"{len(text) + len(blob):,} bytes are too much to hand over at once")
        try:
            self._arm()
            self.socket.sendall(_HEADER.pack(len(text), len(blob)) + text)
            if blob:
                self._arm()
                self.socket.sendall(blob)
        except TimeoutError:
            raise Late from None
        except OSError as e:
            raise Closed from e

    def receive(self) -> tuple[dict, bytearray]:
        """Raises WireError for what is no frame, Closed, Late."""
        text_size, blob_size = _HEADER.unpack(self._exactly(_HEADER.size))
        if text_size > MAX_TEXT or blob_size > MAX_BYTES:
            raise WireError(f"a frame of {text_size + blob_size:,} bytes")
        text, blob = self._exactly(text_size), self._exactly(blob_size)
        try:
            message = json.loads(text.decode("utf-8", "surrogatepass"), parse_constant=_no_constant)
        except (ValueError, RecursionError) as e:
            raise WireError(f"not JSON: {e}") from None
        if not isinstance(message, dict):
            raise WireError("not a message")
        return message, blob

    def _exactly(self, size: int) -> bytearray:
        data = bytearray(size)
        view, got = memoryview(data), 0
        while got < size:
            try:
                self._arm()
                count = self.socket.recv_into(view[got:])
            except TimeoutError:
                raise Late from None
            except OSError as e:
                raise Closed from e
            if not count:
                raise Closed
            got += count
        return data

    def _arm(self) -> None:
        if self.deadline is None:
            self.socket.settimeout(None)
            return
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise Late
        self.socket.settimeout(left)

    def close(self) -> None:
        self.socket.close()


def _no_constant(name: str):
    raise ValueError(f"{name} in JSON")
