"""Authorize, and the store behind it: who decides, and what is remembered of it."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from codi_tui.cache.aio import AsyncStorage
from codi_tui.cache.storage import BlockingStorage
from codi_tui.errors import GrantError, NotFoundError, StateError, TrustError, UsageError
from codi_tui.execute.invocation import Invocation
from codi_tui.limits import RUN_CPU_SECONDS, RUN_OUTPUT_BYTES
from codi_tui.operations.grant_commands import add_command, add_grants, approve_library, find_grants, find_library
from codi_tui.operations.grants import authorize, needed_permissions, review
from codi_tui.operations.question import Answer, Question
from codi_tui.state.audit import AuditLog
from codi_tui.state.database import STATE_FILE, StateDatabase
from codi_tui.state.grants import GrantStore
from codi_tui.trust import BUNDLED, CommandLibrary, Permissions
from codi_tui.trust.changes import surface, surface_text
from support.libraries import manifest, subcommand
from support.runs import ORIGIN, loaded


def library(*permissions: str, origin: str = ORIGIN, version: str = "1.0.0", **command: Any) -> CommandLibrary:
    commands = {"demo": {"description": "Group", "subcommands": {"run": subcommand(**command)}}}
    source = manifest(version=version, library={"permissions": list(permissions)}, commands=commands)
    return loaded(source, origin=origin)


class Door:
    """A core with a real store, and a person who gives one answer."""

    def __init__(self, folder: str, store: GrantStore) -> None:
        self.core: Any = SimpleNamespace(
            grants=store, data_folder=folder, server_origins=[ORIGIN], cache=None, loader=None
        )
        self.store = store
        self.questions: list[Question] = []
        self.notices: list[str] = []

    def refuse(self, error: StateError, *, exists: bool = True) -> None:
        """From now on the state cannot be opened."""

        async def read(*_: object) -> Any:
            raise error

        database: Any = SimpleNamespace(read=read, write=read, exists=exists, told=False)
        self.core.grants = GrantStore(database, lambda: 0)

    async def run(
        self, of: CommandLibrary, answer: Answer | str | None = None, *, allow: tuple[str, ...] = ()
    ) -> list[str]:
        """What a run may do; without an answer nobody can be asked."""
        definition = of.manifest.find("demo.run")
        assert definition is not None

        async def ask(question: Question) -> Any:
            self.questions.append(question)
            return answer

        permissions = await authorize(
            self.core, of, definition, allow=allow, ask=None if answer is None else ask, notice=self.notices.append
        )
        return list(permissions)


@pytest.fixture(params=[BlockingStorage.open, AsyncStorage.open], ids=["blocking", "async"])
async def door(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Door]:
    folder = str(tmp_path / "data")
    database = StateDatabase(str(tmp_path / "data" / STATE_FILE), request.param)
    yield Door(folder, GrantStore(database, lambda: 1_000_000))
    await database.close()


async def refused(door: Door, of: CommandLibrary, **members: Any) -> GrantError:
    with pytest.raises(GrantError) as caught:
        await door.run(of, **members)
    return caught.value


async def test_a_grant_is_asked_for_once(door: Door) -> None:
    assert await door.run(library("clock", "random"), "grant") == ["clock", "random"]
    assert await door.run(library("clock", "random")) == ["clock", "random"]
    assert len(door.questions) == 1
    assert [(item.library, item.rule, item.permission) for item in await door.store.list()] == [
        ("demo", "*", "clock"),
        ("demo", "*", "random"),
    ]


async def test_only_what_is_missing_is_asked_for(door: Door) -> None:
    await door.store.grant(library("clock"), ["clock"])
    assert await door.run(library("clock", "random"), "once", allow=()) == ["clock", "random"]
    assert door.questions[0].lines == ["+ random   draw random numbers"]
    assert [item.permission for item in await door.store.list()] == ["clock"]


@pytest.mark.parametrize("answer", ["refuse", "yes", "", "GRANT", True])
async def test_whatever_is_no_yes_is_a_no(door: Door, answer: Any) -> None:
    assert (await refused(door, library("clock"), answer=answer)).code == "E_PERMISSION"
    assert await door.store.list() == []


async def test_a_door_without_a_person_grants_nothing_and_remembers_no_grant(door: Door) -> None:
    error = await refused(door, library("clock"))
    assert error.lines == ["+ clock   read the clock"]
    assert await door.store.list() == []
    assert await door.store.approved_digest(library("clock")) is None
    assert await door.run(library("clock"), allow=("clock",)) == ["clock"]
    assert await door.store.list() == []
    await refused(door, library("clock"))


async def test_what_is_allowed_for_one_run_has_to_be_declared(door: Door) -> None:
    assert await door.run(library("clock"), allow=("clock", "random")) == ["clock"]
    with pytest.raises(UsageError):
        await door.run(library(), allow=("everything",))


async def test_a_limit_beyond_the_usual_is_asked_for_and_granted_like_anything_else(door: Door) -> None:
    def wanting(memory_mib: int, version: str = "1.0.0") -> CommandLibrary:
        limits = {"wall_seconds": 60, "memory_bytes": memory_mib << 20}
        return library(version=version, handler={"type": "wasm", "function": "main", "limits": limits})

    assert await door.run(wanting(256)) == []
    error = await refused(door, wanting(512))
    assert (error.code, error.lines[0]) == (
        "E_CHANGED",
        "+ limit:memory:512MiB   take up to 512 MiB of memory, and not the 256 MiB that others have",
    )
    assert await door.run(wanting(512), "grant") == ["limit:memory:512MiB"]
    assert await door.run(wanting(512)) == ["limit:memory:512MiB"]
    assert await door.run(wanting(384, "1.1.0")) == ["limit:memory:384MiB"], "less than was granted asks nothing"
    assert (await refused(door, wanting(1024, "1.2.0"))).code == "E_CHANGED"


async def test_a_limit_is_needed_by_the_command_that_asks_for_it_and_no_other(door: Door) -> None:
    limits = {"cpu_seconds": 600}
    commands = {
        "demo": {
            "description": "",
            "subcommands": {
                "run": subcommand(),
                "long": subcommand(handler={"type": "wasm", "function": "main", "limits": limits}),
            },
        }
    }
    both = loaded(manifest(commands=commands))
    assert both.manifest.permissions == ["limit:cpu:10m"]
    for name, needed in (("demo.run", []), ("demo.long", ["limit:cpu:10m"])):
        definition = both.manifest.find(name)
        assert definition is not None
        assert needed_permissions(both, definition.handler) == needed
        held = Invocation(both, definition, {}, Permissions(both, name, needed)).limits(definition.handler)
        assert held.cpu_seconds == (600 if needed else RUN_CPU_SECONDS)
        cut = Invocation(both, definition, {}, Permissions(both, name, [])).limits(definition.handler)
        assert cut.cpu_seconds == RUN_CPU_SECONDS


def test_the_user_s_own_time_and_the_caller_s_own_output_stand_above_the_rest() -> None:
    one = library()
    definition = one.manifest.find("demo.run")
    assert definition is not None
    permissions = Permissions(one, "demo.run", [])
    long = Invocation(one, definition, {}, permissions, 3600.0, output_bytes=1 << 20).limits(definition.handler)
    assert (long.wall_seconds, long.cpu_seconds, long.output_bytes) == (3600, 3600, 1 << 20)
    short = Invocation(one, definition, {}, permissions, 1.0, output_bytes=1 << 50).limits(definition.handler)
    assert (short.wall_seconds, short.cpu_seconds, short.output_bytes) == (1, RUN_CPU_SECONDS, RUN_OUTPUT_BYTES)


async def test_a_grant_is_of_this_origin_library_and_rule(door: Door) -> None:
    mine = library("clock")
    await door.store.grant(mine, ["clock"])
    assert await door.store.granted(mine) == ["clock"]
    assert await door.store.granted(library("clock", origin="https://other.example.com")) == []
    other_rule = library("clock")
    other_rule.rule = "demo"
    assert await door.store.granted(other_rule) == []
    other_name = library("clock")
    other_name.name = "other"
    assert await door.store.granted(other_name) == []


async def test_a_bundled_library_has_what_it_declares_and_nothing_is_opened(door: Door) -> None:
    door.refuse(StateError("opened"))
    assert await door.run(library("clock", origin=BUNDLED)) == ["clock"]


async def test_an_update_that_changes_a_command_stops_whatever_is_granted(door: Door) -> None:
    await door.run(library("clock"), "grant")
    changed = library("clock", version="1.1.0", description="Another")
    error = await refused(door, changed, allow=("clock",))
    assert error.code == "E_CHANGED"
    assert error.lines == ['~ demo.run  description: "A command" → "Another"']
    assert f"--digest {changed.digest[:16]}" in str(error.hint)
    assert await door.run(changed, "once") == ["clock"]
    await refused(door, changed)
    assert await door.run(changed, "grant") == ["clock"]
    assert await door.run(changed) == ["clock"]
    await refused(door, library("clock"))


async def test_no_permission_is_left_out_of_a_question_whatever_else_is_in_it(door: Door) -> None:
    groups = {f"c{number}": subcommand() for number in range(1500)}
    many = [f"fs:read:/{'x' * 900}{number}" for number in range(256)]

    def made(version: str, *permissions: str) -> CommandLibrary:
        commands = {"demo": {"description": "Group", "subcommands": {**groups, "run": subcommand()}}}
        return loaded(manifest(version=version, library={"permissions": list(permissions)}, commands=commands))

    first = made("1.0.0", *many[:128])
    await door.store.approve(first, surface_text(surface(first.manifest)))
    for item in groups.values():
        item["description"] = "Another"
    error = await refused(door, made("1.1.0", *many))
    assert [line.split()[1] for line in error.lines if line.startswith("+ ")] == [*many[:128], *sorted(many[128:])]
    assert error.lines[-1].startswith("… and ")


async def test_a_quiet_change_is_said_once(door: Door) -> None:
    await door.run(library("clock"), "grant")
    await door.run(library(version="1.1.0"))
    await door.run(library(version="1.1.0"))
    assert door.notices == ["demo 1.1.0, since 1.0.0: - clock   no longer asked for"]


async def test_a_refused_update_stays_refused(door: Door) -> None:
    await door.run(library())
    changed = library(description="Another")
    for _ in range(2):
        assert (await refused(door, changed, answer="refuse")).code == "E_CHANGED"
    assert await door.run(library()) == []


async def test_without_a_store_nothing_is_granted_and_nothing_was_approved(door: Door) -> None:
    door.refuse(StateError("the disk is read-only"), exists=False)
    assert await door.run(library("clock"), "grant") == ["clock"]
    assert "nothing is remembered" in door.notices[0]
    await refused(door, library("clock"))


@pytest.mark.parametrize("code", ["E_STATE", "E_STATE_DAMAGED", "E_STATE_PERMS"])
async def test_a_store_that_is_there_and_cannot_be_read_stops_the_run(door: Door, code: str) -> None:
    door.refuse(StateError("it cannot be read", code=code))
    with pytest.raises(StateError):
        await door.run(library())


async def test_a_disk_that_cannot_be_written_to_stops_no_run(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: Any) -> None:
        raise StateError("the disk is full")

    monkeypatch.setattr(door.store, "decide", full)
    assert await door.run(library("clock"), "grant") == ["clock"]
    assert door.notices == ["it could not be remembered: the disk is full"]


async def test_a_review_changes_nothing(door: Door) -> None:
    of = library("clock")
    definition = of.manifest.find("demo.run")
    assert definition is not None
    found = await review(door.core, of, definition)
    assert (found.missing, found.settled, list(found.permissions)) == (["clock"], False, [])
    assert await door.store.approved_digest(of) is None


WEBSOCKET = {"type": "websocket", "endpoint": "wss://run.example.com/x"}
LOCAL = {"type": "local", "function": "codi.about"}
WASM = {"type": "wasm", "function": "main"}
ALL = ("clock", "local:codi.about", "local:agent.list", "ws:server", "ws:run.example.com:443", "net:a.example")


@pytest.mark.parametrize(
    ("handler", "needed"),
    [
        (WASM, ["clock", "net:a.example"]),
        (LOCAL, ["local:codi.about"]),
        (WEBSOCKET, ["ws:run.example.com:443"]),
        ({"type": "websocket", "endpoint": "server:/run"}, ["ws:server"]),
        ({"type": "websocket", "endpoint": "wss://other.example.com/x"}, []),
        (
            {**WEBSOCKET, "fallback": {**LOCAL, "fallback": WASM}},
            ["clock", "local:codi.about", "ws:run.example.com:443", "net:a.example"],
        ),
    ],
)
def test_a_command_needs_what_its_handlers_use(handler: dict[str, Any], needed: list[str]) -> None:
    of = library(*ALL, handler=handler)
    definition = of.manifest.find("demo.run")
    assert definition is not None
    assert needed_permissions(of, definition.handler) == needed


def test_the_exact_command_names_the_server_when_there_are_several() -> None:
    of = library("fs:read:/x y")
    one: Any = SimpleNamespace(server_origins=[ORIGIN])
    two: Any = SimpleNamespace(server_origins=[ORIGIN, "https://b.example"])
    assert add_command(one, of, ["fs:read:/x y"]) == "codi config grants add demo 'fs:read:/x y'"
    assert add_command(two, of, ["clock"]) == f"codi config grants add {ORIGIN}/demo clock"


class Loader:
    """Has one library on each of its servers."""

    def __init__(self, *libraries: CommandLibrary) -> None:
        self._libraries = {item.id: item for item in libraries}

    async def load_named(self, origin: str, name: str) -> CommandLibrary:
        if f"{origin}/{name}" not in self._libraries:
            raise NotFoundError(f"{origin} has no {name}")
        return self._libraries[f"{origin}/{name}"]

    async def get_library(self, library_id: str) -> CommandLibrary | None:
        return self._libraries.get(library_id)


OTHER = "https://other.example.com"


def serve(door: Door, *libraries: CommandLibrary) -> None:
    door.core.loader = door.core.cache = Loader(*libraries)
    door.core.server_origins = [ORIGIN, OTHER]


async def test_a_name_that_two_servers_have_is_not_guessed(door: Door) -> None:
    serve(door, library("clock"), library("clock", origin=OTHER))
    with pytest.raises(UsageError) as caught:
        await add_grants(door.core, "demo", ["clock"])
    assert caught.value.hint == f"write {ORIGIN}/demo"
    await add_grants(door.core, f"{OTHER}/demo", ["clock"])
    assert [item.origin for item in await door.store.list()] == [OTHER]


@pytest.mark.parametrize("words", ["nothing", "bundled/demo", "https://unknown.example/demo", "/", ""])
async def test_what_is_not_there_is_granted_nothing(door: Door, words: str) -> None:
    serve(door, library("clock"))
    with pytest.raises(NotFoundError):
        await add_grants(door.core, words, ["clock"])
    assert await door.store.list() == []


async def test_a_library_is_found_at_the_server_that_has_it(door: Door) -> None:
    serve(door, library("clock", origin=OTHER))
    assert (await find_library(door.core, "demo")).origin == OTHER
    door.core.cache = None
    assert (await find_library(door.core, "demo")).origin == OTHER


async def test_grants_are_found_by_name_by_server_and_by_permission(door: Door) -> None:
    for of in (library("clock", "net:a.example"), library("clock", origin=OTHER)):
        await door.store.grant(of, of.manifest.library.permissions)

    async def found(*words: str) -> list[tuple[str, str]]:
        return [(item.origin, item.permission) for item in await find_grants(door.core, words[0], words[1:])]

    assert len(await found("demo")) == 3
    assert await found(f"{OTHER}/demo") == [(OTHER, "clock")]
    assert await found("demo", "net:a.example:443") == [(ORIGIN, "net:a.example")]
    for words in (("other",), ("demo", "random"), ("demo", "clock", "random")):
        with pytest.raises(NotFoundError):
            await found(*words)
    await door.store.revoke(await find_grants(door.core, "demo", ["clock"]))
    assert await found("demo") == [(ORIGIN, "net:a.example")]


async def test_approving_is_of_the_library_as_it_is(door: Door) -> None:
    await door.run(library())
    changed = library(version="1.1.0", description="Another")
    serve(door, changed)
    for digest in ("", "0" * 64, changed.digest[:8]):
        with pytest.raises(TrustError):
            await approve_library(door.core, "demo", digest)
    _, lines = await approve_library(door.core, "demo", changed.digest[:16])
    assert lines == ['~ demo.run  description: "A command" → "Another"']
    assert await door.run(changed) == []
    assert await door.store.list() == []


async def test_the_state_is_private_and_of_one_shape(tmp_path: Path) -> None:
    path = str(tmp_path / "data" / STATE_FILE)
    database = StateDatabase(path, BlockingStorage.open)
    assert await GrantStore(database, lambda: 0).list() == []
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600

    async def add_view(transaction: Any) -> None:
        await transaction.execute("CREATE VIEW v AS SELECT 1")

    await database.write(add_view)
    await database.close()
    with pytest.raises(StateError) as caught:
        await GrantStore(database, lambda: 0).list()
    assert caught.value.code == "E_STATE_DAMAGED"


async def test_every_grant_and_each_that_is_taken_back_is_in_the_audit_trail(tmp_path: Path) -> None:
    log = AuditLog(str(tmp_path / "data" / "audit.log"), lambda: 1_000_000)
    database = StateDatabase(str(tmp_path / "data" / STATE_FILE), BlockingStorage.open)
    store = GrantStore(database, lambda: 1_000_000, log)
    await store.grant(library("net:a.example.com", "clock"), ["clock"])
    await store.revoke(await store.list())
    await database.close()
    lines = [json.loads(line) for line in (tmp_path / "data" / "audit.log").read_text().splitlines()]
    assert [(line["event"], line["permission"]) for line in lines] == [("granted", "clock"), ("revoked", "clock")]
