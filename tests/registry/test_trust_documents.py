"""`codi-registry trust`: documents that users would take, and no others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.authoring import Registry
from support.libraries import OTHER_KEY, PUBLIC_KEY

OTHER = bytes(OTHER_KEY.verify_key).hex()


@pytest.fixture
def document(registry: Registry, tmp_path: Path) -> Path:
    """Version 1, of one root key."""
    registry("keygen", "--name", "root")
    path = tmp_path / "trust.json"
    assert registry("trust", "init", path, "--name", "root", "--rule", f"demo={PUBLIC_KEY.hex()}").status == 0
    return path


@pytest.fixture
def to(tmp_path: Path) -> Path:
    return tmp_path / "registry"


def change(registry: Registry, document: Path, *words: str, name: str = "root") -> Path:
    """The next version of a document, in a file of its own."""
    path = document.with_name(f"next-{document.name}")
    told = registry("trust", "change", document, path, "--name", name, *words)
    assert told.status == 0, told.err
    return path


def test_a_document_says_what_was_asked_for(registry: Registry, document: Path) -> None:
    second = change(
        registry,
        document,
        *("--rule", f"acme-*={PUBLIC_KEY.hex()},{OTHER}:2"),
        *("--rule", f"demo={OTHER}"),
        *("--min-sequence", "demo=17"),
        *("--reserve", "login"),
        *("--days", "30"),
    )
    written = json.loads(second.read_text())
    assert written["version"] == 2
    assert [(rule["libraries"], len(rule["key_ids"]), rule["threshold"]) for rule in written["rules"]] == [
        (["acme-*"], 2, 2),
        (["demo"], 1, 1),
    ]
    assert (written["min_sequence"], written["reserved"], len(written["keys"])) == ({"demo": 17}, ["login"], 2)
    key_id = written["rules"][1]["key_ids"][0]
    third = json.loads(change(registry, second, "--retire", f"{key_id}=moved on", "--rule", f"x={key_id}").read_text())
    assert [key["status"] for key in third["keys"] if key["key_id"] == key_id] == ["retired"]


@pytest.mark.parametrize(
    "words",
    [
        ["--rule", "demo"],
        ["--rule", "=aa"],
        ["--min-sequence", "demo=x"],
        ["--revoke", "ed25519:none"],
        ["--days", "x"],
    ],
)
def test_what_is_written_wrongly_is_64(registry: Registry, document: Path, words: list[str]) -> None:
    assert registry("trust", "change", document, document.with_name("n"), "--name", "root", *words).status == 64
    assert not document.with_name("n").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["--rule", "Demo=" + OTHER],
        ["--rule", "demo=xx"],
        ["--rule", f"demo={OTHER}:2"],
        ["--reserve", "Login"],
        ["--root-threshold", "2"],
        ["--root-threshold", "0"],
        ["--root-key", OTHER, "--rule", f"demo={OTHER}"],
    ],
)
def test_what_makes_no_document_is_not_written(registry: Registry, document: Path, words: list[str]) -> None:
    assert registry("trust", "change", document, document.with_name("n"), "--name", "root", *words).status == 77
    assert not document.with_name("n").exists()


def test_nothing_is_overwritten_and_a_key_counts_once(registry: Registry, document: Path, tmp_path: Path) -> None:
    assert registry("trust", "init", document, "--name", "root").status == 73
    assert registry("trust", "change", document, document, "--name", "root").status == 73
    assert registry("trust", "sign", document, "--name", "root").status == 73
    (tmp_path / "none.json").write_text('{"type": "codi/library-manifest/v1"}')
    told = registry("trust", "sign", tmp_path / "none.json", "--name", "root")
    assert (told.status, "E_TYPE" in told.err) == (65, True)


def test_a_step_that_users_would_refuse_is_not_published(registry: Registry, document: Path, to: Path) -> None:
    second = change(registry, document)
    told = registry("trust", "publish", second, "--to", to)
    assert (told.status, "E_TRUST_CHAIN" in told.err) == (77, True)
    assert registry("trust", "publish", document, "--to", to).status == 0
    assert registry("trust", "publish", document, "--to", to).status == 0
    registry("keygen", "--name", "thief")
    stolen = change(registry, second, name="thief")
    assert registry("trust", "publish", second, "--to", to).status == 0
    assert "E_THRESHOLD" in registry("trust", "publish", stolen, "--to", to).err
    assert "E_ROLLBACK" in registry("trust", "publish", document, "--to", to).err
    second.unlink()
    stolen.unlink()
    other = change(registry, document, "--reserve", "x")
    assert "E_EQUIVOCATION" in registry("trust", "publish", other, "--to", to).err
    expired = change(registry, other, "--days", "-1")
    assert "E_TRUST_EXPIRED" in registry("trust", "publish", expired, "--to", to).err
    assert sorted(path.name for path in (to / "trust").iterdir()) == ["1.json", "2.json"]


def test_two_holders_of_a_root_sign_one_after_the_other(registry: Registry, document: Path, to: Path) -> None:
    registry("trust", "publish", document, "--to", to)
    root = json.loads(document.read_text())["root"]["keys"][0]["public_key"]
    spare = registry("keygen", "--name", "spare", "--json").facts()["public_key"]
    second = change(registry, document, "--root-key", root, "--root-key", spare, "--root-threshold", "2")
    told = registry("trust", "publish", second, "--to", to)
    assert (told.status, "1 of the 2 signatures" in told.err) == (77, True)
    told = registry("trust", "sign", second, "--name", "spare")
    assert "signed by 2 of the 2 root keys" in told.out
    told = registry("trust", "publish", second, "--to", to)
    assert (told.status, "root changed: now 2 of 2 keys" in told.out) == (0, True)
