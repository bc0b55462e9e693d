"""The store of agents: private, exclusive, bounded, and not to be led astray by a name or a damaged file."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from codi_tui.errors import CacheError, CodiError, LimitError, NotFoundError, UsageError
from codi_tui.execute import agents
from codi_tui.execute.agents import AgentStore
from codi_tui.limits import AGENT_MAX_BYTES, AGENTS_MAX

NOW = 1_800_000_000.0


def agent(name: str = "reviewer", **members: Any) -> dict[str, Any]:
    return {
        "name": name,
        "model": "large-1",
        "instructions": "Review.",
        "tools": ["search"],
        "temperature": 0.5,
        "max_turns": 20,
        "metadata": {"team": "docs"},
        **members,
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data/agents"


@pytest.fixture
def store(folder: Path) -> AgentStore:
    return AgentStore(str(folder), now=lambda: NOW)


def test_what_is_kept_is_shown_and_listed_by_name(store: AgentStore) -> None:
    assert store.agents() == []
    for name in ("writer", "reviewer", "a-1"):
        assert store.create(agent(name)) is False
    assert [item["name"] for item in store.agents()] == ["a-1", "reviewer", "writer"]
    assert store.show("reviewer") == {**agent(), "created_at": "2027-01-15T08:00:00Z"}


def test_files_are_private_whatever_the_umask(store: AgentStore, folder: Path) -> None:
    before = os.umask(0)
    try:
        store.create(agent())
        store.create(agent(), replace=True)
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [(path.name, stat.S_IMODE(path.stat().st_mode)) for path in folder.iterdir()] == [("reviewer.json", 0o600)]


def test_an_agent_is_replaced_only_when_told_to(store: AgentStore) -> None:
    store.create(agent())
    with pytest.raises(CodiError, match="already") as refusal:
        store.create(agent(model="other"))
    assert refusal.value.code == "E_EXISTS"
    assert store.show("reviewer")["model"] == "large-1"
    assert store.create(agent(model="other"), replace=True) is True
    assert store.show("reviewer")["model"] == "other"


def test_a_link_in_an_agent_s_place_is_neither_written_nor_read_through(store: AgentStore, folder: Path) -> None:
    store.create(agent())
    target = folder.parent / "target"
    target.write_text(json.dumps({**agent("linked"), "created_at": "2027-01-15T08:00:00Z"}))
    (folder / "linked.json").symlink_to(target)
    before = target.read_bytes()
    with pytest.raises(CacheError, match=r"linked\.json"):
        store.show("linked")
    with pytest.raises(CodiError, match="already"):
        store.create(agent("linked"))
    store.create(agent("linked"), replace=True)
    assert target.read_bytes() == before
    assert store.show("linked")["name"] == "linked"


@pytest.mark.parametrize(
    "name", ["", "../up", "a/b", "a.b", "A", "-a", "1a", "a\0", "a\n", "é", "a" * 64, ".", "..", "a_b", "\udcff"]
)
def test_a_name_is_never_a_path(name: str, store: AgentStore, tmp_path: Path) -> None:
    for attempt in (lambda: store.create(agent(name)), lambda: store.show(name), lambda: store.delete(name)):
        with pytest.raises(UsageError, match="no agent's name"):
            attempt()
    assert [path.name for path in tmp_path.rglob("*")] == ["home"]


def test_a_missing_agent_is_not_found_and_near_names_are_offered(store: AgentStore) -> None:
    with pytest.raises(NotFoundError, match="no agent reviewer") as nothing:
        store.show("reviewer")
    assert "agent.list" in str(nothing.value.hint)
    store.create(agent())
    for attempt in (store.show, store.delete):
        with pytest.raises(NotFoundError) as near:
            attempt("reviwer")
        assert near.value.hint == "did you mean reviewer?"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"{}",
        json.dumps({**agent(), "created_at": "yesterday"}).encode(),
        json.dumps({**agent("other"), "created_at": "2027-01-15T08:00:00Z"}).encode(),
        json.dumps({**agent(tools="search"), "created_at": "2027-01-15T08:00:00Z"}).encode(),
        json.dumps({**agent(tools=[1]), "created_at": "2027-01-15T08:00:00Z"}).encode(),
        json.dumps({**agent(max_turns=True), "created_at": "2027-01-15T08:00:00Z"}).encode(),
        json.dumps({**agent(), "created_at": "2027-01-15T08:00:00Z", "more": 1}).encode(),
        b"[" * 100_000,
        b"x" * (AGENT_MAX_BYTES + 10),
    ],
    ids=range(14),
)
def test_a_damaged_file_is_named_and_can_be_removed(data: bytes, store: AgentStore, folder: Path) -> None:
    store.create(agent("a"))
    (folder / "reviewer.json").write_bytes(data)
    for attempt in (store.agents, lambda: store.show("reviewer")):
        with pytest.raises(CacheError, match=r"reviewer\.json is damaged") as damage:
            attempt()
        assert damage.value.code == "E_CACHE_DAMAGED"
    store.delete("reviewer")
    assert [item["name"] for item in store.agents()] == ["a"]


def test_a_pipe_in_an_agent_s_place_does_not_hang(store: AgentStore, folder: Path) -> None:
    store.create(agent("a"))
    os.mkfifo(folder / "reviewer.json")
    with pytest.raises(CacheError, match="not a file"):
        store.show("reviewer")


def test_other_files_in_the_folder_are_no_agents(store: AgentStore, folder: Path) -> None:
    store.create(agent())
    for name in ("notes.txt", "UPPER.json", ".json", "reviewer.json.1.ab"):
        (folder / name).write_text("{}")
    assert [item["name"] for item in store.agents()] == ["reviewer"]


def test_their_number_and_size_have_limits(store: AgentStore, folder: Path) -> None:
    with pytest.raises(UsageError, match="bytes"):
        store.create(agent(instructions="x" * AGENT_MAX_BYTES))
    store.create(agent())
    for number in range(AGENTS_MAX - 1):
        (folder / f"a{number}.json").write_text("{}")
    with pytest.raises(LimitError, match=str(AGENTS_MAX)):
        store.create(agent("one-more"))
    store.create(agent(), replace=True)


@pytest.mark.parametrize("member", ["password", "api_key", "API-Key", "Token", "client.secret", "Authorization"])
def test_a_secret_is_never_kept(member: str, store: AgentStore, folder: Path) -> None:
    for metadata in ({member: "x"}, {"deep": [{"er": {member: None}}]}):
        with pytest.raises(UsageError, match="without secrets"):
            store.create(agent(metadata=metadata))
    assert not folder.exists()


def test_names_that_only_resemble_a_secret_s_are_kept(store: AgentStore) -> None:
    store.create(agent(metadata={"max_tokens": 5, "author": "a", "key_in": "REVIEW_KEY"}))


def test_what_could_not_be_read_again_is_not_kept(store: AgentStore, folder: Path) -> None:
    deep: list[Any] = []
    for _ in range(40):
        deep = [deep]
    with pytest.raises(UsageError, match="nested"):
        store.create(agent(metadata={"deep": deep}))
    assert not folder.exists()


def test_a_folder_that_cannot_be_used_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = AgentStore(str(tmp_path / "file/agents"))
    for attempt in (lambda: store.create(agent()), store.agents):
        with pytest.raises(CacheError, match="file"):
            attempt()


def test_the_functions_take_arguments_as_commands_have_them(folder: Path) -> None:
    given = {"name": "a", "model": "m", "instructions": "i", "max-turns": 3, "tool": ["x", "y", "x"], "replace": False}
    assert agents.call("create", str(folder), given) == {"created": "a"}
    assert agents.call("create", str(folder), {**given, "replace": True}) == {"replaced": "a"}
    assert agents.call("show", str(folder), {"name": "a"})["tools"] == ["x", "y"]
    assert agents.call("list", str(folder), {"model": "other"}) == []
    assert [item["name"] for item in agents.call("list", str(folder), {"model": "m"})] == ["a"]
    with pytest.raises(UsageError, match="object"):
        agents.call("create", str(folder), {**given, "name": "b", "metadata": [1]})
    assert agents.call("delete", str(folder), {"name": "a"}) == {"deleted": "a"}
    assert agents.call("list", str(folder), {}) == []
