"""An author's folder: `codi.json` (the manifest's source and how the module is built), the sources, what is made of them.

`codi.json` is a manifest without what signing adds, and a member `build` that is left out of what is signed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from codi_tui.errors import DocumentError, InputError
from codi_tui.limits import DOCUMENT_MAX_BYTES, MANIFEST_MAX_BYTES, MODULE_MAX_BYTES
from codi_tui.model.schema import validate_manifest
from codi_tui.trust.canonical import loads_document

SOURCE_FILE = "codi.json"


class Project:
    """A folder whose `codi.json` was read and is sound.

    Attributes:
        folder: where it is.
        manifest: what will be signed, before signing adds its part.
        lang: the language of `build`, or None when the library has no module of its own making.
    """

    __slots__ = ("folder", "lang", "manifest")

    def __init__(self, folder: Path, manifest: dict[str, Any], lang: str | None) -> None:
        self.folder = folder
        self.manifest = manifest
        self.lang = lang

    @property
    def name(self) -> str:
        return str(self.manifest["library"]["name"])

    @property
    def build_folder(self) -> Path:
        """What can be made again."""
        return self.folder / "build"

    @property
    def module_path(self) -> Path:
        return self.build_folder / "module.wasm"

    @property
    def signed_path(self) -> Path:
        """The latest signed release. It belongs into version control: the next sequence is counted from it."""
        return self.folder / "release" / f"{self.name}.json"

    def module(self) -> bytes | None:
        """The built module, or None for a library without one.

        Raises:
            InputError: it is not built, or too large.
        """
        if "wasm_module" not in self.manifest:
            return None
        if not self.module_path.exists():
            raise InputError(f"{self.module_path} is not there yet", hint=f"codi-registry build {self.folder}")
        return read_bounded(self.module_path, MODULE_MAX_BYTES)


def open_project(folder: Path) -> Project:
    """Read and check a folder's `codi.json`.

    Raises:
        InputError: there is none, or it is not a manifest's source: every problem at once.
    """
    path = folder / SOURCE_FILE
    if not path.exists():
        raise InputError(
            f"there is no {SOURCE_FILE} in {folder.absolute()}", hint="codi-registry new NAME --lang c begins a library"
        )
    source = read_source(path)
    build = source.pop("build", None)
    lang = build.get("lang") if isinstance(build, dict) else None
    if lang is not None and not isinstance(lang, str):
        raise InputError(f'{path}: "build" has a member "lang", such as "c"')
    try:
        validate_manifest(source)
    except DocumentError as error:
        raise _of_file(path, error) from None
    return Project(folder, source, lang)


def read_source(path: Path) -> dict[str, Any]:
    """A JSON object from a file of the author's, within the profile of what can be signed.

    Raises:
        InputError: it is none.
        OSError: it cannot be read.
    """
    try:
        document = loads_document(read_bounded(path, DOCUMENT_MAX_BYTES))
        if not isinstance(document, dict):
            raise InputError(f"{path} is not a manifest")
    except DocumentError as error:
        raise _of_file(path, error) from None
    return document


def read_bounded(path: Path, limit: int = MANIFEST_MAX_BYTES) -> bytes:
    """A whole file of at most so many bytes.

    Raises:
        InputError: `E_TOO_LARGE`.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise InputError(f"{path} is larger than {limit} bytes", code="E_TOO_LARGE")
    return data


def _of_file(path: Path, error: DocumentError) -> InputError:
    hint = error.hint or f"put {path.name} right, then the same command again"
    return InputError(f"{path}: {error.message}", code=error.code, hint=hint)
