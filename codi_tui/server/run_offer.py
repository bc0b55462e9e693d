"""What the server runs, and what it may do: a published release, verified for this run, and what the operator granted."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from typing import Any

from codi_tui.errors import InputError, NotFoundError
from codi_tui.execute.granted import guest_environment
from codi_tui.execute.invocation import Invocation
from codi_tui.execute.process import WorkerExecutor
from codi_tui.execute.websocket import refuse_paths
from codi_tui.holdings.chain import latest
from codi_tui.holdings.database import connect
from codi_tui.holdings.folder import DataFolder
from codi_tui.model.arguments import check_values, command_schema, complete
from codi_tui.model.manifest import HandlerDefinition
from codi_tui.model.names import is_name
from codi_tui.model.permission import parse_permission
from codi_tui.operations.core import drive
from codi_tui.trust.envelope import open_document
from codi_tui.trust.keyring import Keyring
from codi_tui.trust.policy import Permissions
from codi_tui.trust.validator import CommandLibrary, SecurityValidator, VerifiedModule

Grants = Mapping[str, Iterable[str]]
"""Permissions, by the library's name."""


class Offer:
    """The commands of one data folder, as this server runs them.

    Attributes:
        executor: runs guests in processes of their own, which are given nothing of the data folder.
    """

    def __init__(self, folder: DataFolder, origin: str, grants: Grants) -> None:
        self._folder = folder
        self._origin = origin
        self._grants = grants
        self.executor = WorkerExecutor(
            os.path.join(folder.private, "modules"),
            os.path.join(folder.private, "runs"),
            self._load_module,
            own_folders=(folder.root,),
            environment=self._environment,
        )

    def invocation(self, request: Mapping[str, Any]) -> tuple[Invocation, HandlerDefinition]:
        """What a checked `run` message asks for; its arguments are not looked at yet. Blocks: call it on a thread.

        Raises:
            NotFoundError: there is no such release or command, or nothing that a server could run.
            RefusedError: the release is not trusted any more.
        """
        name, version, path = request["library"], request["version"], request["command"]
        library = self._library(name, version, request["digest"])
        definition = library.manifest.find(path)
        if definition is None:
            raise NotFoundError(f"{name} {version} has no command {path}")
        handler: HandlerDefinition | None = definition.handler
        while handler is not None and handler.handler_type != "wasm":
            handler = handler.fallback
        if handler is None:
            raise NotFoundError(f"{path} has no module that a server could run")
        permissions = Permissions(library, path, self._grants.get(name, ()))
        return Invocation(library, definition, request["arguments"], permissions), handler

    def _library(self, name: str, version: str, digest: str) -> CommandLibrary:
        connection = connect(self._folder.database)
        try:
            sql = "SELECT digest, document FROM releases WHERE name = ? AND version = ?"
            row = connection.execute(sql, (name, version)).fetchone()
            if row is None:
                raise NotFoundError(f"this server has no {name} {version}")
            if row[0] != digest:
                raise NotFoundError(f"this server has another release as {name} {version}")
            trust = latest(connection, self._origin)
        finally:
            connection.close()
        keyring = Keyring({})
        if trust is not None:
            keyring.adopt(trust)
        with open(self._folder.blob(row[1]), "rb") as file:
            envelope = open_document(file.read())
        key_id = envelope.document["library"].get("key_id") if envelope.is_v1 else None
        validator = SecurityValidator(keyring, time.time)
        library: CommandLibrary = drive(
            validator.verify_stored(envelope.message, envelope.signature, key_id, origin=self._origin, name=name)
        )
        return library

    async def _load_module(self, library: CommandLibrary) -> VerifiedModule:
        with open(self._folder.blob(str(library.module_digest)), "rb") as file:  # noqa: ASYNC230 - read once, then compiled
            return SecurityValidator(Keyring({}), time.time).verify_module(library, file.read())

    def _environment(self, permissions: Permissions) -> dict[str, str]:
        return guest_environment(permissions, os.path.join(self._folder.private, "secrets"))


def check_arguments(invocation: Invocation) -> None:
    """Check what the client sent by the library's own definition, and complete it. A path means nothing here but for `-`.

    Raises:
        InputError: every problem at once.
    """
    schema = command_schema(invocation.definition)
    invocation.arguments = complete(schema, invocation.arguments)
    if problems := check_values(schema, invocation.arguments):
        raise InputError("; ".join(problems)[:1000])
    refuse_paths(invocation.definition, invocation.arguments)


def parse_grants(words: Iterable[str]) -> dict[str, list[str]]:
    """What an operator grants: `LIBRARY=PERMISSION` each.

    Raises:
        InputError: one is malformed.
    """
    grants: dict[str, list[str]] = {}
    for word in words:
        name, _, permission = word.partition("=")
        try:
            if not is_name(name):
                raise ValueError("not a library's name")
            grants.setdefault(name, []).append(str(parse_permission(permission)))
        except ValueError as error:
            raise InputError(
                f"not a grant: {word[:200]!r}: {error}", hint="--grant LIBRARY=PERMISSION, as the library declares it"
            ) from None
    return grants
