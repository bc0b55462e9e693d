"""Agents: named definitions (model, instructions, tools, limits) kept on this machine, one JSON file each.

They are records. Nothing here runs an agent, asks a model or opens a socket, and no secret is kept: the files are plain
text. Files are private, read strictly and within limits, and believed no further than their shape.
"""

from __future__ import annotations

import json
import os
import stat
import time

from codi_tui.cache.files import prepare_folder, replace_file
from codi_tui.errors import CacheError, CodiError, DocumentError, LimitError, NotFoundError, UsageError
from codi_tui.limits import AGENT_MAX_BYTES, AGENTS_MAX
from codi_tui.model.arguments import shown
from codi_tui.model.names import is_name
from codi_tui.model.times import is_time, timestamp
from codi_tui.trust.canonical import loads_strict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Agent = dict[str, Any]

_SUFFIX = ".json"
_KINDS: dict[str, tuple[type, ...]] = {
    "name": (str,),
    "model": (str,),
    "instructions": (str,),
    "tools": (list,),
    "temperature": (int, float, type(None)),
    "max_turns": (int,),
    "metadata": (dict,),
    "created_at": (str,),
}
"""An agent's members and what each may be."""
_SECRETS = frozenset(
    (
        "accesskey",
        "accesstoken",
        "apikey",
        "apitoken",
        "auth",
        "authorization",
        "authtoken",
        "bearer",
        "clientsecret",
        "credential",
        "credentials",
        "passphrase",
        "passwd",
        "password",
        "privatekey",
        "refreshtoken",
        "secret",
        "secretkey",
        "token",
    )
)
"""Names of members, without case and marks, that hold secrets wherever they occur."""


class AgentStore:
    """The agents in a folder."""

    def __init__(self, folder: str, now: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._now = now

    def create(self, agent: Agent, *, replace: bool = False) -> bool:
        """Keep an agent; returns whether it took the place of one of the same name.

        Raises:
            UsageError: the name is none, a member holds a secret, or it is all too large.
            CodiError: `E_EXISTS`, there is one of that name, and it is not to be replaced.
            LimitError: there are too many.
            CacheError: it cannot be written.
        """
        path = self._path(agent["name"])
        _refuse_secrets(agent["metadata"])
        data = json.dumps({**agent, "created_at": timestamp(self._now())}, ensure_ascii=False, indent=1).encode()
        if len(data) > AGENT_MAX_BYTES:
            raise UsageError([f"the agent takes {len(data)} bytes; at most {AGENT_MAX_BYTES} are kept"])
        if _parse(agent["name"], data) is None:
            raise UsageError(["metadata is nested too deeply"])
        try:
            prepare_folder(self._folder)
            exists = os.path.lexists(path)
            if not exists and len(self._names()) >= AGENTS_MAX:
                raise LimitError(f"there are {AGENTS_MAX} agents already", hint="codi agent.delete NAME removes one")
            if replace:
                replace_file(path, data)
            else:
                _create_file(path, data)
        except FileExistsError:
            raise CodiError(
                f"there is an agent {agent['name']} already", code="E_EXISTS", hint="--replace puts this in its place"
            ) from None
        except OSError as error:
            raise _unusable(path, error) from None
        return exists

    def agents(self) -> list[Agent]:
        """Every agent, by name.

        Raises:
            CacheError: `E_CACHE_DAMAGED`, a file is not an agent's; it is named. `E_CACHE`: they cannot be read.
            LimitError: there are more files than agents are allowed.
        """
        names = self._names()
        if len(names) > AGENTS_MAX:
            raise LimitError(f"{self._folder} holds more than {AGENTS_MAX} agents")
        return [self.show(name) for name in names]

    def show(self, name: str) -> Agent:
        """One agent.

        Raises:
            UsageError: the name is none.
            NotFoundError: there is no such agent.
            CacheError: as `agents`.
        """
        path = self._path(name)
        try:
            data = _read_file(path)
        except FileNotFoundError:
            raise self._not_found(name) from None
        except OSError as error:
            raise _unusable(path, error) from None
        return _parsed(name, data, path)

    def delete(self, name: str) -> None:
        """Remove an agent, damaged or not.

        Raises:
            UsageError, NotFoundError, CacheError: as `show`.
        """
        path = self._path(name)
        try:
            os.unlink(path)
        except FileNotFoundError:
            raise self._not_found(name) from None
        except OSError as error:
            raise _unusable(path, error) from None

    def _path(self, name: str) -> str:
        if not is_name(name):
            raise UsageError(
                [f"{shown(name)} is no agent's name: lower-case letters, digits and -, a letter first, at most 63"]
            )
        return os.path.join(self._folder, f"{name}{_SUFFIX}")

    def _names(self) -> list[str]:
        try:
            files = os.listdir(self._folder)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _unusable(self._folder, error) from None
        names = [file.removesuffix(_SUFFIX) for file in files if file.endswith(_SUFFIX)]
        return sorted(name for name in names if is_name(name))

    def _not_found(self, name: str) -> NotFoundError:
        from difflib import get_close_matches

        near = get_close_matches(name, self._names(), 3, 0.6)
        hint = f"did you mean {' or '.join(near)}?" if near else "codi agent.list shows those there are"
        return NotFoundError(f"there is no agent {name}", hint=hint)


def call(action: str, folder: str, arguments: dict[str, Any]) -> Any:
    """The local functions `agent.ACTION`.

    Raises:
        CodiError: as the store's method of that name.
    """
    return _ACTIONS[action](AgentStore(folder), arguments)


def _create(store: AgentStore, arguments: dict[str, Any]) -> Any:
    metadata = arguments.get("metadata", {})
    if not isinstance(metadata, dict):
        raise UsageError(["metadata must be a JSON object"])
    agent = {
        "name": arguments["name"],
        "model": arguments["model"],
        "instructions": arguments["instructions"],
        "tools": list(dict.fromkeys(arguments.get("tool", []))),
        "temperature": arguments.get("temperature"),
        "max_turns": int(arguments["max-turns"]),
        "metadata": metadata,
    }
    replaced = store.create(agent, replace=bool(arguments.get("replace")))
    return {"replaced" if replaced else "created": agent["name"]}


def _list(store: AgentStore, arguments: dict[str, Any]) -> Any:
    model = arguments.get("model")
    shown_members = ("name", "model", "tools", "created_at")
    return [
        {member: agent[member] for member in shown_members}
        for agent in store.agents()
        if model is None or agent["model"] == model
    ]


def _show(store: AgentStore, arguments: dict[str, Any]) -> Any:
    return store.show(arguments["name"])


def _delete(store: AgentStore, arguments: dict[str, Any]) -> Any:
    store.delete(arguments["name"])
    return {"deleted": arguments["name"]}


_ACTIONS: dict[str, Callable[[AgentStore, dict[str, Any]], Any]] = {
    "create": _create,
    "list": _list,
    "show": _show,
    "delete": _delete,
}


def _refuse_secrets(value: object) -> None:
    """Raise UsageError for a member that holds a secret by its name, at any depth."""
    level = [value]
    while level:
        children: list[object] = []
        for item in level:
            if isinstance(item, dict):
                for name in item:
                    if "".join(char for char in name.lower() if char.isalnum()) in _SECRETS:
                        raise UsageError(
                            [f"metadata has a member {shown(name)}: agents are kept as plain text, without secrets"],
                            hint="keep the secret elsewhere, and its place here, such as a variable's name",
                        )
                children += item.values()
            elif isinstance(item, list):
                children += item
        level = children


def _create_file(path: str, data: bytes) -> None:
    """Write a private file that must not be there yet."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        try:
            file.write(data)
            file.flush()
        except OSError:
            os.unlink(path)
            raise


def _read_file(path: str) -> bytes:
    """A regular file's bytes, one more than allowed at most; never through a link, never waiting for a pipe."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "it is not a file")
        return file.read(AGENT_MAX_BYTES + 1)


def _parsed(name: str, data: bytes, path: str) -> Agent:
    agent = _parse(name, data)
    if agent is None:
        raise CacheError(
            f"{path} is damaged: it is not the agent {name}",
            code="E_CACHE_DAMAGED",
            hint=f"mend it, or remove it: codi agent.delete {name}",
        )
    return agent


def _parse(name: str, data: bytes) -> Agent | None:
    """The agent that a file holds, or None when it holds anything else."""
    try:
        agent = loads_strict(data) if len(data) <= AGENT_MAX_BYTES else None
    except DocumentError:
        return None
    return agent if isinstance(agent, dict) and _is_agent(agent) and agent["name"] == name else None


def _is_agent(agent: Agent) -> bool:
    return (
        agent.keys() == _KINDS.keys()
        and all(isinstance(agent[member], kinds) for member, kinds in _KINDS.items())
        and not isinstance(agent["max_turns"], bool)
        and not isinstance(agent["temperature"], bool)
        and all(isinstance(tool, str) for tool in agent["tools"])
        and is_time(agent["created_at"])
    )


def _unusable(path: str, error: OSError) -> CacheError:
    return CacheError(
        f"{path} cannot be used: {error.strerror or error}", hint="look at the folder and its permissions"
    )
