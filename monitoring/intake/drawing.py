"""A file that COPY draws from while it is still being made."""

from collections.abc import Iterator


class Drawn:
    """The pieces of an iterator as one readable file; the next is made when the last is read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes, b"" at the end; a piece that is empty ends nothing."""
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._rest = memoryview(piece)
        some, self._rest = self._rest[:size], self._rest[size:]
        return bytes(some)
