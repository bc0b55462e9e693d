"""`codi-registry publish`: a release into a folder that `codi` takes libraries from.

The folder's layout is in `codi_tui.library.folder`. A release goes in under its version first and becomes the current
one after that, each file whole, so that whoever reads meanwhile finds the release before or this one.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from codi_tui.config import load_settings, origin_of_folder
from codi_tui.errors import CodiError, DocumentError, InputError, TrustError
from codi_tui.library.folder import INDEX, VERSIONS, latest_trust
from codi_tui.limits import DOCUMENT_MAX_BYTES, MANIFEST_MAX_BYTES
from codi_tui.model.manifest import LibraryManifest
from codi_tui.registry.files import sole_writer, write_whole
from codi_tui.registry.new import NOT_NAMES
from codi_tui.registry.outcome import Outcome, exists
from codi_tui.registry.project import open_project, read_bounded
from codi_tui.registry.signing import read_release, sequence_of
from codi_tui.registry.verify import Trusted, admit, read_trust
from codi_tui.runtime import RuntimeMode
from codi_tui.trust import CommandLibrary
from codi_tui.trust.canonical import loads_strict


def publish(what: Path, folder: Path, public_keys: list[str]) -> Outcome:
    """Put a release, or that of a library's folder, into a registry folder.

    Args:
        public_keys: whose signature counts while the folder has no trust document; its document decides alone.

    Raises:
        InputError: there is no release.
        RefusedError: a user of the folder would not accept it; `E_ROLLBACK`, its sequence does not rise.
        CodiError: `E_EXISTS`, other bytes were published under its version.
        OSError: the folder cannot be written.
    """
    path = open_project(what).signed_path if what.is_dir() else what
    if what.is_dir() and not path.exists():
        raise InputError(f"there is no release at {path}", hint=f"codi-registry sign {what}")
    document = read_bounded(path, DOCUMENT_MAX_BYTES)
    folder = folder.resolve()
    origin = folder_origin(folder)
    with sole_writer(folder):
        trust = latest_trust(str(folder))
        trusted = Trusted(public_keys, None if trust is None else read_trust(Path(trust), origin))
        library = admit(document, path.stem, trusted, origin=origin)
        if library.name in NOT_NAMES:
            raise TrustError(f"no library can be called {library.name}", code="E_NAME_RESERVED")
        _refuse_other_bytes(folder, library)
        _refuse_fall(folder, library)
        kept = _write(folder, library, document)
    return _outcome(folder, origin, library, kept, trusted)


def folder_origin(folder: Path) -> str:
    """The origin that a registry folder is, as the settings name it.

    Raises:
        InputError: its path has characters that no origin has.
    """
    try:
        return origin_of_folder(str(folder))
    except ValueError as error:
        raise InputError(str(error)) from None


def _refuse_other_bytes(folder: Path, library: CommandLibrary) -> None:
    """A version says one thing for ever; more signatures under the same message are no change of it."""
    path = folder / VERSIONS / library.name / f"{library.version}.json"
    if path.exists() and (digest := read_release(path).digest) != library.digest:
        raise exists(
            f"{library.name} {library.version} was published before, as another release (sha256 {digest})",
            f'raise "version" in codi.json above {library.version}, then build, test and sign again',
        )


def _refuse_fall(folder: Path, library: CommandLibrary) -> None:
    path = folder / f"{library.name}.json"
    if not path.exists():
        return
    current = read_release(path)
    if library.sequence <= sequence_of(current) and library.digest != current.digest:
        raise TrustError(
            f"{library.name} {library.version} has sequence {library.sequence}, and {sequence_of(current)} is published",
            code="E_ROLLBACK",
            hint=f"sign it with --sequence {sequence_of(current) + 1}",
            library=library.name,
        )


def _write(folder: Path, library: CommandLibrary, document: bytes) -> list[str]:
    """Write the release and the index; returns the commands that another library here keeps."""
    versions = folder / VERSIONS / library.name
    versions.mkdir(parents=True, exist_ok=True)
    index, kept = _index(folder, library)
    write_whole(versions / f"{library.version}.json", document)
    write_whole(folder / f"{library.name}.json", document)
    text = json.dumps({"commands": index}, indent=1, sort_keys=True, ensure_ascii=False)
    write_whole(folder / INDEX, f"{text}\n".encode())
    return kept


def _index(folder: Path, library: CommandLibrary) -> tuple[dict[str, Any], list[str]]:
    """The index with a library's commands: the first owner of a name keeps it."""
    path = folder / INDEX
    commands: dict[str, Any] = {}
    if path.exists():
        try:
            commands = dict(loads_strict(read_bounded(path, MANIFEST_MAX_BYTES))["commands"])
        except (DocumentError, KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"{path} is not an index: {error}", hint="move it away, and publish every library again"
            ) from None
    others = {name: entry for name, entry in commands.items() if entry.get("library") != library.name}
    own = {
        command.path: {"library": library.name, "description": command.description}
        for command in LibraryManifest(library.manifest.document).walk()
    }
    return {**own, **others}, sorted(set(own) & set(others))


def _outcome(folder: Path, origin: str, library: CommandLibrary, kept: list[str], trusted: Trusted) -> Outcome:
    commands = [command.path for command in library.manifest.walk()]
    settings = [] if _is_known(origin) else settings_lines(origin, library, trusted)
    path = RuntimeMode.detect().settings_path()
    lines = [f"{library.name} {library.version}, sequence {library.sequence}, is in {folder}"]
    lines += [f"note: {name} belongs to another library here; write {library.name}:{name}" for name in kept]
    if settings:
        lines += ["", f"Whoever trusts it adds to {path}:", "", *settings, ""]
    lines.append(f"next: codi run {commands[0]}")
    named = {"library": library.name, "version": library.version, "sequence": library.sequence}
    facts = {**named, "sha256": library.digest, "folder": str(folder), "origin": origin, "commands": commands}
    return Outcome({**facts, "kept": kept, "settings_path": path, "settings": "\n".join(settings)}, lines)


def settings_lines(origin: str, library: CommandLibrary, trusted: Trusted) -> list[str]:
    """The one step of trust: the server, and the key that may sign this library; a trust document is pinned instead."""
    lines = ["[[servers]]", f"url = {json.dumps(origin, ensure_ascii=False)}"]
    if trusted.document is not None:
        return lines
    key = library.public_key.hex()
    return [*lines, "[[servers.trusted_keys]]", f'public_key = "{key}"', f'libraries = ["{library.name}"]']


def _is_known(origin: str) -> bool:
    """Whether this user's settings have the folder already."""
    try:
        servers = load_settings(RuntimeMode.detect().settings_path()).servers
    except CodiError:
        return False
    return any(server.origin == origin for server in servers)
