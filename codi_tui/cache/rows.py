"""A verified library as a row of the cache."""

from __future__ import annotations

from codi_tui.cache.sqlite import LibraryData
from codi_tui.cache.zstd import compress
from codi_tui.model.manifest import SCHEMA_VERSION
from codi_tui.model.times import unix_seconds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from codi_tui.library.source import Delivery
    from codi_tui.trust import CommandLibrary


def new_row(library: CommandLibrary, delivery: Delivery, now: float) -> LibraryData:
    """The row of a library as it was delivered: its message packed, its signature and source's tag beside it."""
    import json

    expires_at = library.manifest.library.expires_at
    metadata = {
        "signature": library.signature,
        "key_id": library.key_id if "type" in library.manifest.document else None,
        "tag": delivery.tag,
        "schema": SCHEMA_VERSION,
        "module": library.module_digest,
    }
    return LibraryData(
        id=library.id,
        version=library.version,
        json=compress(library.message),
        metadata=json.dumps(metadata),
        loaded_at=int(now),
        expires_at=None if expires_at is None else unix_seconds(expires_at),
        size_bytes=len(library.message),
        hash=library.digest,
    )
