"""What a worker printed: its beginning and its end, however much there was."""

from __future__ import annotations

HEAD, TAIL = 16_384, 16_384
"""Bytes that are kept of the beginning and of the end."""


class Said:
    r"""Bytes as they come, of which only the first and the last are kept.

    >>> said = Said(head=4, tail=3)
    >>> for part in (b"abc", b"defghij", b"kl"):
    ...     said.add(part)
    >>> said.text()
    'abcd\n... 5 bytes left out ...\njkl'
    """

    def __init__(self, *, head: int = HEAD, tail: int = TAIL) -> None:
        self._room = head
        self._keep = tail
        self._head = b""
        self._tail = b""
        self._left_out = 0

    def add(self, part: bytes) -> None:
        """Take what was printed next."""
        free = self._room - len(self._head)
        self._head += part[:free]
        rest = self._tail + part[free:]
        over = max(0, len(rest) - self._keep)
        self._left_out += over
        self._tail = rest[over:]

    def text(self) -> str:
        """What is kept, with a line that says how much is missing between the two parts."""
        gap = f"\n... {self._left_out} bytes left out ...\n".encode() if self._left_out else b""
        return (self._head + gap + self._tail).decode("utf-8", "replace")
