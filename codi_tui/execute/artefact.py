"""A compiled module and what it imports, with its one form as bytes: from the compiler's child, and on disk."""

from __future__ import annotations

_SIZE_BYTES = 4


class Artefact:
    """A compiled module and what it imports."""

    __slots__ = ("code", "imports")

    def __init__(self, imports: list[str], code: bytes) -> None:
        self.imports = imports
        self.code = code

    def to_bytes(self) -> bytes:
        """`{imports' size, u32 little-endian}{imports, one a line}{code}`."""
        imports = "\n".join(self.imports).encode()
        return b"".join((len(imports).to_bytes(_SIZE_BYTES, "little"), imports, self.code))

    @classmethod
    def from_bytes(cls, data: bytes | memoryview) -> Artefact:
        """What `to_bytes` gave. Authenticate the bytes first: nothing is checked here."""
        end = _SIZE_BYTES + int.from_bytes(data[:_SIZE_BYTES], "little")
        imports = bytes(data[_SIZE_BYTES:end]).decode()
        return cls(imports.split("\n") if imports else [], bytes(data[end:]))
