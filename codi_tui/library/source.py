"""What a source of libraries is, to the loader: bytes in, bounded, nothing believed."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class LibrarySource(Protocol):
        """A library server or a directory. Its methods raise CodiError and nothing else."""

        origin: str
        local: bool
        """Whether its folder vouches for it: nothing is remembered of it, and it comes before all others."""
        networked: bool
        """Whether asking it opens a socket."""

        async def find_command(self, command: str) -> str | None:
            """The name of the library that has a command, or None."""

        async def fetch_library(self, name: str) -> Delivery:
            """A library's signed document. Raises NotFoundError when there is none."""

        async def fetch_module(self, digest: str, size_bytes: int) -> bytes:
            """The bytes of a module that travels apart from its manifest."""

        async def fetch_trust(self, version: int | None = None) -> bytes:
            """The origin's trust document of a version, or the latest. Raises NotFoundError when there is none."""

        def current_tag(self, name: str) -> str | None:
            """What would be the delivery's tag now, when that can be told without a network."""


class Delivery:
    """A document as it was delivered.

    Attributes:
        document: at most `DOCUMENT_MAX_BYTES`.
        tag: names this state of the document at its source (an HTTP ETag, a file's stamp), or None.
        signature_header: `X-Library-Signature`, when it was sent.
    """

    __slots__ = ("document", "signature_header", "tag")

    def __init__(self, document: bytes, tag: str | None = None, signature_header: str | None = None) -> None:
        self.document = document
        self.tag = tag
        self.signature_header = signature_header
