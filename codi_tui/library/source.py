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

        async def fetch_library(self, name: str, version: str | None = None) -> Delivery:
            """A library's signed document, of its newest release or of a version. Raises NotFoundError when there is none.

            A host of files may have the newest release only, and answers with that.
            """

        async def list_offers(self) -> list[Offer]:
            """What it offers, by name. Not signed: it says what can be asked for. Raises NotFoundError without a list."""

        async def fetch_module(self, digest: str, size_bytes: int) -> bytes:
            """The bytes of a module that travels apart from its manifest."""

        async def fetch_trust(self, version: int | None = None) -> bytes:
            """The origin's trust document of a version, or the latest. Raises NotFoundError when there is none."""

        def current_tag(self, name: str) -> str | None:
            """What would be the delivery's tag now, when that can be told without a network."""


class Offer:
    """A library as a source lists it. Nothing of it is believed."""

    __slots__ = ("name", "version")

    def __init__(self, name: str, version: str | None) -> None:
        self.name = name
        self.version = version


class Delivery:
    """A document as it was delivered.

    Attributes:
        document: at most `DOCUMENT_MAX_BYTES`.
        tag: names this state of the document at its source (an HTTP ETag, a file's stamp), or None.
        signature_header: `X-Library-Signature`, when it was sent.
        live: whether it is its server's answer of now; a bundle's is what a server once answered.
    """

    __slots__ = ("document", "live", "signature_header", "tag")

    def __init__(
        self, document: bytes, tag: str | None = None, signature_header: str | None = None, *, live: bool = True
    ) -> None:
        self.document = document
        self.tag = tag
        self.signature_header = signature_header
        self.live = live
