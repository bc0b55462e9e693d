"""`codi-registry build`: the module from its sources, and whether what it imports is declared."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

from codi_tui.errors import CodiError, GrantError, InputError, ModuleError
from codi_tui.execute.component import check_component_imports
from codi_tui.execute.wasm import check_imports
from codi_tui.registry.outcome import BuildError, Outcome
from codi_tui.registry.project import SOURCE_FILE, Project, open_project
from codi_tui.registry.toolchains import MODULE, toolchain
from codi_tui.registry.trial import imports, trial_library
from codi_tui.trust import CommandLibrary, Permissions

_AGAIN = "put the source right, then codi-registry build again"
_SHOWN_LINES = 60
"""Of what a compiler says; the first mistakes are the ones to mend."""


def build(folder: Path) -> Outcome:
    """Build a library's module and check it as a user's codi will.

    Raises:
        UnavailableError: `E_TOOLCHAIN`.
        BuildError: the compiler refused the source.
        GrantError: `E_PERMISSION`, the module needs what `codi.json` does not declare.
        ModuleError, InputError: it is nothing that codi runs.
    """
    project = open_project(folder)
    if project.lang is None:
        raise InputError(
            f'{project.folder / SOURCE_FILE} has no "build", so there is nothing to build',
            hint=f"put a module that you built yourself at {project.module_path}, then codi-registry test",
        )
    _compile(project, project.lang)
    library = trial_library(project)
    _check(library, imports(project, library))
    data = project.module_path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    facts = {"module": str(project.module_path), "bytes": len(data), "sha256": digest, "lang": project.lang}
    lines = [f"{project.module_path}  {len(data)} bytes, sha256 {digest}", f"next: codi-registry test {folder}"]
    return Outcome(facts, lines)


def _compile(project: Project, lang: str) -> None:
    """Run the toolchain; a module of an earlier build does not outlive one that fails."""
    chain = toolchain(lang, project.folder)
    project.build_folder.mkdir(exist_ok=True)
    project.module_path.unlink(missing_ok=True)
    try:
        done = subprocess.run(
            chain.command,
            cwd=project.folder,
            env={**os.environ, **chain.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    except OSError as error:
        raise BuildError(f"{chain.command[0]} cannot be started: {error.strerror}", []) from None
    said = done.stdout.decode(errors="replace").splitlines()[:_SHOWN_LINES]
    if done.returncode != 0:
        raise BuildError(f"the {lang} compiler refused the source (status {done.returncode})", said, hint=_AGAIN)
    if not project.module_path.exists():
        raise BuildError(f"the {lang} compiler wrote no {MODULE}", said)


def _check(library: CommandLibrary, names: list[str]) -> None:
    """Every import is given to a command, and those that take a permission have it declared: all mistakes at once."""
    first = next(library.manifest.walk()).path
    permissions = Permissions(library, first, library.manifest.library.permissions)
    described = library.manifest.wasm_module
    check = check_component_imports if described is not None and described.format == "component" else check_imports
    problems: list[CodiError] = []
    for name in names:
        try:
            check([name], permissions)
        except (GrantError, ModuleError) as error:
            problems.append(error)
    foreign = [error.message for error in problems if isinstance(error, ModuleError)]
    if foreign:
        raise ModuleError("; ".join(dict.fromkeys(foreign)), code="E_WASM_IMPORT")
    if problems:
        said = "; ".join(dict.fromkeys(error.message for error in problems))
        hint = f'add it to "permissions" in {SOURCE_FILE}, or do without it; users are asked to grant what is declared'
        raise GrantError(said, hint=hint, library=library.name)
