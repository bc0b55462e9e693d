"""Carrying libraries to a machine without a network, by a bundle: written from the cache, taken in as from a server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from codi_tui.errors import CodiError, FetchError, NotFoundError, TrustError
from codi_tui.library.bundle import Bundle, BundleWriter
from codi_tui.limits import TRUST_CHAIN_MAX
from codi_tui.operations import sync, targets
from codi_tui.operations.sync import Pulled
from codi_tui.operations.targets import Target
from codi_tui.trust.policy import BUNDLED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from codi_tui.library.bundle import BundleClient
    from codi_tui.operations.core import Core
    from codi_tui.trust import CommandLibrary


async def export(
    core: Core, path: str, names: Sequence[str], *, notice: Callable[[str], None], done: Callable[[str], None]
) -> tuple[list[CommandLibrary], int]:
    """Write what would run here into a bundle, each library verified first; returns them, and the file's size.

    Args:
        names: without any, all that came from servers of the settings.
        notice: told what could not be had beside the libraries.
        done: told of each library that is in.

    Raises:
        CodiError: one is not here or is refused; `E_EXISTS`, `E_CREATE`.
    """
    places = await _places(core, names)
    writer = BundleWriter(path)
    try:
        written = []
        for origin in dict.fromkeys(origin for origin, _ in places):
            await _add_trust(core, writer, origin, notice)
        for origin, name in places:
            library = await _verified(core, origin, name)
            module = None
            if library.module_digest is not None and "type" in library.manifest.document:
                module = (await core.loader.load_module(library)).data
            writer.add_library(origin, name, library.version, document_of(library), module)
            written.append(library)
            done(name)
        return written, writer.finish()
    finally:
        writer.drop()


async def _places(core: Core, names: Sequence[str]) -> list[tuple[str, str]]:
    """Which libraries go into a bundle, by origin and name.

    Raises:
        NotFoundError: one of them is not here, or none is.
    """
    rows = [] if core.cache is None else await core.cache.list_libraries()
    known = {source.origin for source in core.servers}
    here = list(dict.fromkeys((row.id.rpartition("/")[0], row.id.rpartition("/")[2]) for row in rows))
    here = [place for place in here if place[0] in known and place[0] != BUNDLED]
    if not here:
        raise NotFoundError("there is nothing here that came from a server", hint="codi sync pull")
    if not names:
        return here
    chosen = []
    for text in names:
        target = await targets.named(core, text)
        found = [(source.origin, target.name) for source in target.sources if (source.origin, target.name) in here]
        if not found:
            raise NotFoundError(f"{text} is not here", hint=f"codi sync pull {text}")
        chosen.append(found[0])
    return list(dict.fromkeys(chosen))


async def _verified(core: Core, origin: str, name: str) -> CommandLibrary:
    return await core.loader.load_library(targets.server_of(core, origin), name)


async def _add_trust(core: Core, writer: BundleWriter, origin: str, notice: Callable[[str], None]) -> None:
    """The trust document that decides here, and those before it, for a receiver that has an older one."""
    stored = await core.trust.documents.get(origin)
    if stored is None:
        return
    current = stored.restored()
    source = targets.server_of(core, origin)
    chain = []
    try:
        if not (core.offline and source.networked):
            first = max(1, current.version - TRUST_CHAIN_MAX + 1)
            chain = [await source.fetch_trust(version) for version in range(first, current.version)]
    except CodiError as error:
        notice(f"the trust documents of {origin} before {current.version} are not in it: {error.message}")
    for data in chain:
        writer.add_trust(origin, data)
    document = {**json.loads(current.message), "signatures": current.signatures}
    writer.add_trust(origin, json.dumps(document).encode())


def document_of(library: CommandLibrary) -> bytes:
    """A verified library's signed document, as a server delivers it, without a module that travels apart."""
    document = json.loads(library.message)
    several = isinstance(library.signature, list)
    document["library"]["signatures" if several else "signature"] = library.signature
    return json.dumps(document, ensure_ascii=False).encode()


async def take_in(core: Core, path: str, *, compiles: bool, done: Callable[[Pulled], None]) -> list[Pulled]:
    """Take in what a bundle carries, each library verified as if its server had sent it; stored one by one.

    Raises:
        InputError: `E_BUNDLE`, it is no bundle, or not whole.
    """
    bundle = Bundle(path)
    pulled: list[Pulled] = []
    for source in bundle.sources:
        refusal = await _ready(core, source)
        if refusal is not None:
            pulled.append(Pulled(source.origin, "", error=refusal))
            continue
        wanted = [Target(offer.name, [source]) for offer in await source.list_offers()]
        loader = core.loader.with_sources([source])
        pulled += await sync.pull(core, wanted, compiles=compiles, done=done, loader=loader)
    return pulled


async def _ready(core: Core, source: BundleClient) -> CodiError | None:
    """Follow the bundle's trust documents from the one that is accepted here; why nothing of it can be taken, if so."""
    origin = source.origin
    if origin not in core.server_origins:
        return TrustError(
            f"{origin[:200]} is not in this machine's settings, so nothing of it is trusted",
            code="E_NO_TRUST",
            hint="name it as [[servers]] in the settings file, with its trusted_keys",
        )
    from codi_tui.operations.trust import refresh

    if await core.trust.documents.get(origin) is None:
        if core.trust.keyring.settings_keys(origin):
            return None
        return TrustError(
            f"no key is trusted for {origin}",
            code="E_NO_TRUST",
            hint=f"codi auth trust add {origin} --bundle FILE, which shows the root's fingerprint and asks",
        )
    try:
        await refresh(core, origin, source)
    except (NotFoundError, FetchError):
        return None  # what is accepted here decides
    except CodiError as error:
        return error
    return None
