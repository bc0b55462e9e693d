"""A library as a user would have it, before its author signs it: verified with a key that is thrown away at once."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from nacl.signing import SigningKey

from codi_tui.errors import DocumentError, InputError
from codi_tui.execute.artefacts import ArtefactStore
from codi_tui.execute.compile import compile_module
from codi_tui.execute.module import engine
from codi_tui.model.times import timestamp
from codi_tui.registry.project import SOURCE_FILE, Project
from codi_tui.registry.sign import complete_manifest, sign_manifest
from codi_tui.trust import CommandLibrary, Keyring, SecurityValidator, TrustedKey

ORIGIN = "trial"
"""Not `bundled`: a trial has the limits and grants of a library from a server."""


def trial_library(project: Project) -> CommandLibrary:
    """The project's library, complete with its built module.

    Raises:
        InputError: it is not built, or no client would accept it.
        ModuleError: the module is not one that codi runs.
    """
    key = SigningKey.generate()
    public_key = bytes(key.verify_key)
    module = project.module()
    try:
        manifest = complete_manifest(
            project.manifest, module, public_key=public_key, sequence=1, issued_at=timestamp(time.time())
        )
        document = sign_manifest(manifest, module, key)
        keyring = Keyring({ORIGIN: [TrustedKey(public_key.hex(), [project.name])]})
        validator = SecurityValidator(keyring, time.time)
        return asyncio.run(validator.admit(document, origin=ORIGIN, name=project.name))
    except DocumentError as error:
        raise InputError(f"{project.folder / SOURCE_FILE}: {error.message}", code=error.code) from None


def modules_folder(project: Project) -> Path:
    """Where a project's compiled modules are kept, so that `build` and `test` compile once."""
    return project.build_folder / "compiled"


def imports(project: Project, library: CommandLibrary) -> list[str]:
    """What the library's module asks its host for. Compiles it, under the limits that users have.

    Raises:
        RefusedError, LimitError: it cannot be compiled.
    """
    described = library.manifest.wasm_module
    if library.module is None or described is None:
        return []
    store = ArtefactStore(str(modules_folder(project)), engine(described.format).identity)
    artefact = store.load(library.module.digest)
    if artefact is None:
        artefact = compile_module(library.module, described.format)
        store.save(library.module.digest, artefact)
    return artefact.imports
