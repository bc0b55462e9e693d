"""`codi-registry sign`, `verify`, `diff` and `publish`: what is refused, and what a user is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.authoring import Registry, make_project


@pytest.fixture
def demo(registry: Registry, public_key: str, tmp_path: Path) -> Path:
    """A library's folder with a signed release."""
    folder = make_project(tmp_path / "demo")
    assert registry("sign", folder).status == 0
    return folder


@pytest.fixture
def to(tmp_path: Path) -> Path:
    return tmp_path / "registry"


def change(folder: Path, **members: Any) -> None:
    """Change what `codi.json` says of its library."""
    source = json.loads((folder / "codi.json").read_text())
    source["library"] |= members
    (folder / "codi.json").write_text(json.dumps(source))


class TestSign:
    def test_a_release_says_what_it_is_and_the_next_one_rises(self, registry: Registry, demo: Path) -> None:
        release = json.loads((demo / "release/demo.json").read_text())
        assert release["library"]["sequence"] == 1
        assert "build" not in release
        told = registry("sign", demo, "--json")
        facts = told.facts()
        assert (facts["sequence"], facts["signatures"], len(facts["sha256"])) == (2, 1, 64)
        assert facts["sha256"] in registry("verify", demo).out

    @pytest.mark.parametrize("sequence", ["1", "0", "-1"])
    def test_a_sequence_that_does_not_rise_is_refused(self, registry: Registry, demo: Path, sequence: str) -> None:
        before = (demo / "release/demo.json").read_bytes()
        told = registry("sign", demo, "--sequence", sequence)
        assert (told.status, "E_SEQUENCE" in told.err) == (77, True)
        assert (demo / "release/demo.json").read_bytes() == before
        assert registry("sign", demo, "--sequence", "7").status == 0

    def test_what_no_client_would_accept_is_not_signed(self, registry: Registry, demo: Path) -> None:
        change(demo, version="one")
        assert registry("sign", demo).status == 65
        change(demo, version="1.0.1")
        (demo / "build/module.wasm").write_bytes(b"(module)")
        told = registry("sign", demo)
        assert (told.status, "E_WASM_MODULE" in told.err) == (65, True)
        (demo / "build/module.wasm").unlink()
        told = registry("sign", demo)
        assert (told.status, "codi-registry build" in told.err) == (65, True)

    def test_a_file_that_is_no_release_is_not_overwritten(self, registry: Registry, demo: Path) -> None:
        (demo / "release/demo.json").write_text("{}")
        assert registry("sign", demo).status == 65
        assert (demo / "release/demo.json").read_text() == "{}"

    def test_a_second_key_signs_beside_the_first(self, registry: Registry, demo: Path, public_key: str) -> None:
        release = demo / "release/demo.json"
        second = registry("keygen", "--name", "second", "--json").facts()["public_key"]
        told = registry("sign", release, "--name", "second", "--json")
        assert (told.status, told.facts()["signatures"]) == (0, 2)
        assert "signature" not in json.loads(release.read_text())["library"]
        again = registry("sign", release, "--name", "second")
        assert (again.status, "counts once" in again.err) == (73, True)
        for keys in ([public_key], [public_key, second]):
            words = [word for key in keys for word in ("--public-key", key)]
            assert len(registry("verify", release, *words, "--json").facts()["key_ids"]) == len(keys)
        assert registry("sign", demo / "codi.json", "--to", demo).status == 65


class TestVerify:
    def test_another_key_a_changed_byte_and_no_key_at_all(self, registry: Registry, demo: Path) -> None:
        release = demo / "release/demo.json"
        assert registry("verify", demo).status == 0
        told = registry("verify", release, "--public-key", "aa" * 32)
        assert told.status == 77
        release.write_text(release.read_text().replace("A command", "A c0mmand"))
        assert "E_SIGNATURE" in registry("verify", release).err
        assert registry("verify", release, "--name", "none").status == 66
        assert registry("verify", release, "--public-key", "x").status == 77


class TestDiff:
    def test_what_a_user_is_asked_is_shown_and_is_1(self, registry: Registry, demo: Path) -> None:
        release = demo / "release/demo.json"
        told = registry("diff", release, demo)
        assert (told.status, "nothing is asked" in told.out) == (0, True)
        change(demo, version="2.0.0", permissions=["net:api.example.com"])
        told = registry("diff", release, demo)
        assert told.status == 1
        assert told.out.splitlines() == [
            "asked before it runs: demo 2.0.0 asks for more than 1.0.0",
            "  + net:api.example.com:443   send data to and receive data from api.example.com, port 443",
        ]
        told = registry("diff", demo, release)
        assert (told.status, "told, and not asked:" in told.out) == (0, True)
        facts = registry("diff", release, demo, "--json").facts()
        assert (facts["old"], facts["new"], len(facts["asked"]), facts["told"]) == ("1.0.0", "2.0.0", 1, [])

    def test_two_libraries_are_no_update(self, registry: Registry, demo: Path, tmp_path: Path) -> None:
        assert registry("diff", demo, make_project(tmp_path / "other", name="other")).status == 65


class TestPublish:
    def test_a_release_is_there_under_its_name_and_its_version(self, registry: Registry, demo: Path, to: Path) -> None:
        facts = registry("publish", demo, "--to", to, "--json").facts()
        assert (facts["origin"], facts["commands"]) == (f"file://{to}", ["demo.run"])
        release = (demo / "release/demo.json").read_bytes()
        assert (to / "demo.json").read_bytes() == release == (to / "versions/demo/1.0.0.json").read_bytes()
        assert json.loads((to / "index.json").read_text())["commands"]["demo.run"]["library"] == "demo"
        assert {path.stat().st_mode & 0o777 for path in to.glob("*.json")} == {0o644}
        assert registry("publish", demo, "--to", to).status == 0, "the same release again is no change"

    def test_an_older_release_and_other_bytes_of_a_version_are_refused(
        self, registry: Registry, demo: Path, to: Path
    ) -> None:
        old = (demo / "release/demo.json").read_bytes()
        change(demo, version="1.1.0")
        registry("sign", demo)
        assert registry("publish", demo, "--to", to).status == 0
        (demo / "release/demo.json").write_bytes(old)
        told = registry("publish", demo, "--to", to)
        assert (told.status, "E_ROLLBACK" in told.err, "--sequence 3" in told.err) == (77, True, True)
        registry("sign", demo, "--sequence", "3")
        told = registry("publish", demo, "--to", to)
        assert (told.status, "1.1.0 was published before" in told.err) == (73, True)
        assert json.loads((to / "demo.json").read_text())["library"]["sequence"] == 2

    def test_what_a_user_would_refuse_is_not_published(self, registry: Registry, demo: Path, to: Path) -> None:
        registry("keygen", "--name", "second")
        assert registry("publish", demo, "--to", to, "--name", "second").status == 77
        assert registry("publish", demo, "--to", to, "--public-key", "aa" * 32).status == 77
        release = demo / "release/demo.json"
        release.write_text(release.read_text().replace("A command", "A c0mmand"))
        told = registry("publish", demo, "--to", to)
        assert (told.status, "E_SIGNATURE" in told.err) == (77, True)
        release.unlink()
        told = registry("publish", demo, "--to", to)
        assert (told.status, "codi-registry sign" in told.err) == (65, True)
        assert list(to.glob("*.json")) == []

    def test_more_signatures_under_the_same_message_replace_fewer(
        self, registry: Registry, demo: Path, to: Path
    ) -> None:
        registry("publish", demo, "--to", to)
        registry("keygen", "--name", "second")
        registry("sign", demo / "release/demo.json", "--name", "second")
        assert registry("publish", demo, "--to", to).status == 0
        assert len(json.loads((to / "demo.json").read_text())["library"]["signatures"]) == 2

    def test_the_first_owner_keeps_a_command(self, registry: Registry, demo: Path, to: Path, tmp_path: Path) -> None:
        registry("publish", demo, "--to", to)
        other = make_project(tmp_path / "other")
        change(other, name="other")
        registry("sign", other)
        told = registry("publish", other, "--to", to)
        assert (told.status, "write other:demo.run" in told.out) == (0, True)
        assert json.loads((to / "index.json").read_text())["commands"]["demo.run"]["library"] == "demo"

    def test_a_folder_that_is_no_registry_is_left_alone(self, registry: Registry, demo: Path, to: Path) -> None:
        to.mkdir()
        (to / "index.json").write_text("[]")
        told = registry("publish", demo, "--to", to)
        assert (told.status, "is not an index" in told.err) == (65, True)
        assert not (to / "demo.json").exists()
        index = make_project(to / "index", name="index")
        registry("sign", index)
        told = registry("publish", index, "--to", to)
        assert (told.status, "E_NAME_RESERVED" in told.err) == (77, True)
        assert registry("publish", demo, "--to", to.parent / "50%").status == 65


@pytest.mark.parametrize("verb", ["sign", "verify", "diff", "publish"])
def test_a_missing_file_is_a_sentence_in_text_and_in_json(registry: Registry, public_key: str, verb: str) -> None:
    words = {"diff": ["/none/b"], "publish": ["--to", "/none/c"]}.get(verb, [])
    told = registry(verb, "/none/a", *words)
    assert told.status in (65, 73)
    assert "Traceback" not in told.err
    assert set(registry(verb, "/none/a", *words, "--json").facts()["error"]) == {"code", "message", "hint", "library"}
