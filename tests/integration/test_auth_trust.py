"""`codi auth trust` as a person and a script meet it: the real executable, a loopback server, a real terminal."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codi_tui.trust.document import root_fingerprint
from conftest import CODI, Codi, Result, add_server
from support.libraries import KEY, OTHER_KEY, PUBLIC_KEY, manifest, publish, signed
from support.roots import content, entry, id_of, rule, sign, trust
from support.server import Server, serving
from support.terminal import in_session, terminal

HOSTILE = "gone\x1b]52;c;cHduZWQ=\x07\n\x9b2Jtrusted\u202e: yes"


def name_server(home: Path, origin: str) -> None:
    """Name a server in the settings, without keys."""
    folder = home / ".config/coditect/codi"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "config.toml").open("a") as file:
        file.write(f'[[servers]]\nurl = "{origin}"\ninsecure_loopback = true\n')


class Site:
    """A server whose trust documents a test can add to."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server = server
        self.origin = server.origin
        self.folder = folder
        self.latest = b""

    def offer(self, data: bytes) -> None:
        """Make a trust document the server's latest."""
        from support.server import body

        self.latest = data
        self.server.answers["/api/v1/trust"] = body(data)
        self.server.answers[f"/api/v1/trust/{json.loads(data)['version']}"] = body(data)

    @property
    def fingerprint(self) -> str:
        return root_fingerprint(self.latest)


@pytest.fixture
def site(tmp_path: Path, home: Path) -> Iterator[Site]:
    publish(tmp_path / "site", signed())
    with serving(tmp_path / "site") as server:
        name_server(home, server.origin)
        running = Site(server, tmp_path / "site")
        running.offer(trust())
        yield running


@pytest.fixture
def accept(site: Site, codi: Codi) -> Any:
    """Pin the server's latest document, as a script would."""

    def run() -> Result:
        result = codi("auth", "trust", "add", site.origin, "--yes", "--fingerprint", site.fingerprint)
        assert result.status == 0, result
        return result

    return run


def explained(codi: Codi, library: str = "demo") -> dict[str, Any]:
    """The explanation as JSON, whose verdict is that of the text."""
    as_json, as_text = codi("auth", "trust", "explain", library, "--json"), codi("auth", "trust", "explain", library)
    document: dict[str, Any] = json.loads(as_json.stdout)
    assert as_json.status == as_text.status
    assert (as_text.status == 0) is document["trusted"]
    if document["code"]:
        assert f"({document['code']})" in as_text.stdout.decode()
    return {**document, "status": as_json.status, "text": as_text.stdout.decode()}


def steps(document: dict[str, Any]) -> dict[str, bool | None]:
    return {step["name"]: step["ok"] for step in document["steps"]}


class TestAdd:
    def test_a_person_sees_whom_it_lets_in_and_is_asked(self, site: Site, codi: Codi) -> None:
        site.offer(trust(rules=[rule("demo", "acme-*")], min_sequence={"demo": 1}, reserved=["login"]))
        with terminal(*in_session(CODI, "auth", "trust", "add", site.origin), size=(120, 60)) as screen:
            screen.until("[y]es")
            shown = screen.text()
            for said in (site.origin, site.fingerprint[:4], id_of(KEY), "acme-*: 1 signature of 1 key", "login"):
                assert said in shown
            assert site.fingerprint[-4:] in shown
            assert "changes need 1 of 1 key" in shown
            screen.press("y", "enter")
            assert screen.finish() == 0
            assert "decides from now on" in screen.text()
        assert codi("demo.run").stdout == b"hello\n"

    @pytest.mark.parametrize("answer", ["n", "", "yes please", "Y es"])
    def test_anything_but_yes_changes_nothing(self, answer: str, site: Site, codi: Codi) -> None:
        with terminal(*in_session(CODI, "auth", "trust", "add", site.origin), size=(120, 60)) as screen:
            screen.until("[y]es")
            screen.press(*answer, "enter")
            assert screen.finish() == 77
            assert "E_DECLINED" in screen.text()
        assert codi("demo.run").status == 77

    def test_a_yes_on_stdin_is_nobodys(self, site: Site, codi: Codi) -> None:
        result = codi("auth", "trust", "add", site.origin, stdin=b"y\n")
        assert result.status == 64
        assert "E_TERMINAL" in result.stderr
        assert "--fingerprint" in result.stderr
        assert site.fingerprint in result.stderr.replace(" ", "").replace("\n", "")
        assert codi("demo.run").status == 77

    def test_a_yes_from_before_the_question_is_no_answer(self, site: Site, codi: Codi) -> None:
        with terminal(*in_session(CODI, "auth", "trust", "add", site.origin), size=(120, 60)) as screen:
            screen.press("y", "enter")
            screen.until("[y]es")
            screen.press("n", "enter")
            assert screen.finish() == 77
        assert codi("demo.run").status == 77

    def test_ctrl_c_at_the_question_changes_nothing(self, site: Site, codi: Codi) -> None:
        with terminal(*in_session(CODI, "auth", "trust", "add", site.origin), size=(120, 60)) as screen:
            screen.until("[y]es")
            screen.press("ctrl+c")
            assert screen.finish() == 130
        assert codi("demo.run").status == 77

    def test_keys_in_the_settings_that_will_no_longer_count_are_named(self, site: Site, codi: Codi, home: Path) -> None:
        (home / ".config/coditect/codi/config.toml").unlink()
        add_server(home, site.origin, PUBLIC_KEY, ["demo"])
        assert "name 1 key for this server" in codi("auth", "trust", "add", site.origin).stderr

    def test_nobody_is_asked_in_ci(self, site: Site) -> None:
        with terminal(*in_session(CODI, "auth", "trust", "add", site.origin), size=(120, 60), CI="1") as screen:
            assert screen.finish() == 64

    def test_a_script_names_the_root_that_it_accepts(self, site: Site, codi: Codi, home: Path) -> None:
        add = ("auth", "trust", "add", site.origin, "--yes")
        unnamed = codi(*add)
        assert unnamed.status == 64
        assert "a script names what it accepts" in unnamed.stderr
        other = codi(*add, "--fingerprint", "0" * 64)
        assert other.status == 77
        assert "E_FINGERPRINT" in other.stderr
        trail = (home / ".local/share/coditect/codi/audit.log").read_text().splitlines()
        assert json.loads(trail[-1])["fingerprint"] == site.fingerprint
        assert codi("demo.run").status == 77
        grouped = " ".join(site.fingerprint[at : at + 4].upper() for at in range(0, 64, 4))
        assert codi(*add, "--fingerprint", grouped).status == 0
        assert codi("demo.run").stdout == b"hello\n"

    def test_adding_it_again_is_no_error_for_the_same_root_only(self, site: Site, codi: Codi, accept: Any) -> None:
        accept()
        accept()
        again = codi("auth", "trust", "add", site.origin)
        assert again.status == 77
        assert "E_PINNED" in again.stderr

    def test_a_server_that_is_not_in_the_settings_is_78_with_the_lines_to_add(
        self, site: Site, codi: Codi, home: Path
    ) -> None:
        path = home / ".config/coditect/codi/config.toml"
        lines = path.read_text()
        path.unlink()
        result = codi("auth", "trust", "add", site.origin)
        assert result.status == 78
        assert str(path) in result.stderr
        assert result.stderr.endswith(lines)
        assert site.server.requests == []

    def test_a_document_that_does_not_hold_is_not_even_shown(self, site: Site, codi: Codi) -> None:
        for data, code in (
            (sign(content(), signers=[1]), "E_THRESHOLD"),
            (trust(registry="https://other.example.com"), "E_REGISTRY"),
            (trust(expires_at="2020-01-01T00:00:00Z"), "E_TRUST_EXPIRED"),
        ):
            site.offer(data)
            result = codi("auth", "trust", "add", site.origin, "--yes", "--fingerprint", site.fingerprint)
            assert result.status == 77
            assert code in result.stderr
        assert json.loads(codi("auth", "trust", "list", "--json").stdout)[1]["decides"] == "nobody"

    def test_a_server_without_one_is_66_and_one_that_is_away_69(self, site: Site, codi: Codi, home: Path) -> None:
        site.server.answers.clear()
        assert codi("auth", "trust", "add", site.origin).status == 66
        name_server(home, "http://127.0.0.1:9")
        assert codi("auth", "trust", "add", "http://127.0.0.1:9").status == 69


class TestList:
    def test_who_decides_for_each(self, site: Site, codi: Codi, home: Path, accept: Any) -> None:
        add_server(home, "http://127.0.0.1:9", PUBLIC_KEY, ["other"])
        nobody = codi("auth", "trust", "list").stdout.decode().splitlines()
        assert [line.split()[0] for line in nobody] == ["bundled", site.origin, "http://127.0.0.1:9"]
        assert "refused" in nobody[1]
        accept()
        lines = codi("auth", "trust", "list").stdout.decode().splitlines()
        assert "trust document 1, expires in" in lines[1]
        assert site.fingerprint in lines[1]
        assert "1 key in the settings" in lines[2]
        entries = json.loads(codi("auth", "trust", "list", "--json").stdout)
        assert [entry["decides"] for entry in entries] == ["package", "document", "settings"]
        assert entries[1]["document"]["root"]["fingerprint"] == site.fingerprint
        assert entries[1]["fresh"] is True

    def test_without_settings(self, codi: Codi) -> None:
        assert codi("auth", "trust", "list").stdout.startswith(b"bundled ")


class TestRefresh:
    def test_what_changed_is_told(self, site: Site, codi: Codi, accept: Any) -> None:
        accept()
        unchanged = codi("auth", "trust", "refresh")
        assert unchanged.status == 0
        assert b"version 1 is the newest" in unchanged.stdout
        site.offer(sign(content(2, root=(1,), keys=[entry(KEY, "active"), entry(OTHER_KEY, "active")]), signers=[0, 1]))
        revoked = {**entry(KEY, "revoked"), "reason": HOSTILE}
        site.offer(
            sign(
                content(
                    3, (1,), keys=[revoked, entry(OTHER_KEY, "active")], rules=[rule("demo", keys=[KEY, OTHER_KEY])]
                ),
                signers=[1],
            )
        )
        result = codi("auth", "trust", "refresh", site.origin)
        said = result.stdout.decode()
        assert result.status == 0
        for line in (
            f"{site.origin}: version 1 → 3",
            "root changed",
            f"key added: {id_of(OTHER_KEY)} active",
            f"key {id_of(KEY)} revoked: gone",
            "(it was active)",
            "rule removed: *",
            "rule added: demo needs 1 signature",
        ):
            assert line in said
        assert not set("\x1b\x9b\x07\u202e") & set(said)

    def test_after_a_revocation_the_cached_library_is_refused_offline(
        self, site: Site, codi: Codi, accept: Any
    ) -> None:
        accept()
        assert codi("demo.run").status == 0
        site.offer(trust(2, keys=[{**entry(KEY, "revoked"), "reason": HOSTILE}]))
        refreshed = codi("auth", "trust", "refresh")
        assert b"the mark of demo was dropped" in refreshed.stdout
        site.server.stop()
        result = codi("run", "--offline", "demo.run")
        assert result.status == 77
        assert "E_KEY_REVOKED" in result.stderr
        document = explained(codi)
        assert (document["status"], document["code"]) == (77, "E_KEY_REVOKED")
        assert steps(document)["signatures"] is None
        assert steps(document)["keys"] is False
        assert "gone␛]52" in document["text"]
        assert not set("\x1b\x9b\x07\u202e") & set(document["text"])

    def test_one_failure_does_not_keep_the_others_from_being_asked(
        self, site: Site, codi: Codi, accept: Any, home: Path, tmp_path: Path
    ) -> None:
        with serving(tmp_path / "other") as server:
            other = Site(server, tmp_path / "other")
            name_server(home, other.origin)
            other.offer(trust())
            done = codi("auth", "trust", "add", other.origin, "--yes", "--fingerprint", other.fingerprint)
            assert done.status == 0
            accept()
            site.offer(sign(content(2), signers=[3]))
            other.offer(trust(2))
            result = codi("auth", "trust", "refresh")
        assert result.status == 77
        assert "E_THRESHOLD" in result.stderr
        assert f"{site.origin}: failed" in result.stdout.decode()
        assert f"{other.origin}: version 1 → 2" in result.stdout.decode()

    def test_a_part_of_the_way_is_told_too(self, site: Site, codi: Codi, accept: Any) -> None:
        accept()
        site.offer(trust(2, reserved=["login"]))
        site.offer(sign(content(3), signers=[3]))
        result = codi("auth", "trust", "refresh")
        assert result.status == 77
        assert "E_THRESHOLD" in result.stderr
        assert "version 1 → 2" in result.stdout.decode()
        assert "kept free now: login" in result.stdout.decode()

    def test_where_nothing_is_pinned(self, site: Site, codi: Codi) -> None:
        assert codi("auth", "trust", "refresh").status == 0
        alone = codi("auth", "trust", "refresh", site.origin)
        assert alone.status == 77
        assert "E_NO_TRUST" in alone.stderr


class TestRemove:
    def test_the_servers_libraries_are_refused_and_marks_stay(
        self, site: Site, codi: Codi, accept: Any, home: Path
    ) -> None:
        accept()
        assert codi("demo.run").status == 0
        assert codi("auth", "trust", "remove", site.origin).status == 64
        result = codi("auth", "trust", "remove", site.origin, "--yes")
        assert result.status == 0
        assert b"will be refused" in result.stdout
        assert codi("demo.run").status == 77
        (home / ".local/share/coditect/codi/cache.db").unlink()
        publish(site.folder, signed(manifest(version="0.9.0"), sequence=1))
        accept()
        assert "E_EQUIVOCATION" in codi("demo.run").stderr
        again = codi("auth", "trust", "remove", "http://127.0.0.1:9", "--yes")
        assert again.status == 66

    def test_the_settings_keys_are_named_when_they_take_over(
        self, site: Site, codi: Codi, accept: Any, home: Path
    ) -> None:
        accept()
        (home / ".config/coditect/codi/config.toml").unlink()
        add_server(home, site.origin, PUBLIC_KEY, ["demo"])
        with terminal(*in_session(CODI, "auth", "trust", "remove", site.origin), size=(120, 30)) as screen:
            screen.until("[y]es")
            assert "1 key in the settings will decide" in screen.text()
            screen.press("y", "enter")
            assert screen.finish() == 0
        assert json.loads(codi("auth", "trust", "list", "--json").stdout)[1]["decides"] == "settings"


class TestExplain:
    def test_a_trusted_library_by_each_of_its_names(self, site: Site, codi: Codi, accept: Any) -> None:
        accept()
        assert codi("demo.run").status == 0
        site.server.stop()
        for name in ("demo", f"{site.origin}/demo", "demo.run", "demo:demo.run"):
            document = explained(codi, name)
            assert (document["origin"], document["library"], document["status"]) == (site.origin, "demo", 0)
            assert set(steps(document).values()) == {True}
        for said in ("trust document 1", id_of(KEY), "sequence 1", "does not expire", "trusted: it would be run"):
            assert said in document["text"]

    def test_a_bundled_library_even_before_its_first_use(self, codi: Codi) -> None:
        document = explained(codi, "text.count")
        assert (document["origin"], document["status"]) == ("bundled", 0)

    @pytest.mark.parametrize(
        "name", ["nothing", "no.such", "bundled/nothing", "https://x.example.com/demo", "../x", ""]
    )
    def test_what_is_unknown_is_66(self, name: str, codi: Codi) -> None:
        result = codi("auth", "trust", "explain", name, "--json")
        assert result.status == 66
        assert json.loads(result.stderr)["error"]["code"] == "E_NOT_FOUND"

    def test_a_name_that_could_be_but_is_not_here(self, site: Site, codi: Codi, accept: Any) -> None:
        accept()
        document = explained(codi)
        assert (document["status"], document["code"]) == (66, "E_NOT_FOUND")
        assert "run --dry-run" in document["hint"]

    def test_no_key(self, site: Site, codi: Codi) -> None:
        document = explained(codi)
        assert (document["status"], document["code"]) == (77, "E_NO_TRUST")
        assert "codi auth trust add" in document["hint"]

    def test_a_missing_rule_before_and_after_it_was_fetched(self, site: Site, codi: Codi, accept: Any) -> None:
        accept()
        assert codi("demo.run").status == 0
        site.offer(trust(2, rules=[rule("other")]))
        assert codi("auth", "trust", "refresh").status == 0
        for name in ("demo", f"{site.origin}/unseen"):
            document = explained(codi, name)
            assert (document["status"], document["code"]) == (77, "E_KEY_SCOPE")
            assert steps(document)["rule"] is False

    def test_an_expired_library(self, site: Site, codi: Codi, accept: Any, home: Path) -> None:
        accept()
        assert codi("demo.run").status == 0
        publish(
            site.folder,
            signed(manifest(version="1.0.1", library={"expires_at": "2035-01-01T00:00:00Z"}), sequence=2),
        )
        with sqlite3.connect(home / ".local/share/coditect/codi/cache.db") as cache:
            cache.execute("DELETE FROM command_libraries WHERE id LIKE 'http%'")
        cache.close()
        assert codi("demo.run").status == 0
        site.offer(trust(2, expires_at="2045-01-01T00:00:00Z"))
        assert codi("auth", "trust", "refresh").status == 0
        with sqlite3.connect(home / ".local/share/coditect/codi/state.db") as state:
            state.execute("UPDATE clock SET latest = ?", (2_058_220_800,))  # 2035-03-23
        state.close()
        document = explained(codi)
        assert (document["status"], document["code"]) == (77, "E_EXPIRED")
        assert "2035-01-01" in document["text"]
        assert steps(document)["sequence"] is True

    def test_an_expired_trust_document(self, site: Site, codi: Codi, accept: Any, home: Path) -> None:
        accept()
        assert codi("demo.run").status == 0
        with sqlite3.connect(home / ".local/share/coditect/codi/state.db") as state:
            state.execute("UPDATE clock SET latest = ?", (2_058_220_800,))
        state.close()
        document = explained(codi)
        assert (document["status"], document["code"]) == (77, "E_TRUST_EXPIRED")
        assert b"expired" in codi("auth", "trust", "list").stdout

    def test_a_rollback(self, site: Site, codi: Codi, accept: Any, home: Path) -> None:
        publish(site.folder, signed(sequence=4))
        accept()
        assert codi("demo.run").status == 0
        with sqlite3.connect(home / ".local/share/coditect/codi/state.db") as state:
            state.execute("UPDATE marks SET sequence = 5, digest = ?", ("0" * 64,))
        state.close()
        document = explained(codi)
        assert (document["status"], document["code"]) == (77, "E_ROLLBACK")
        assert "sequence 4" in document["text"]
        assert "accepted before: sequence 5" in document["text"]

    def test_a_damaged_copy(self, site: Site, codi: Codi, accept: Any, home: Path) -> None:
        accept()
        assert codi("demo.run").status == 0
        with sqlite3.connect(home / ".local/share/coditect/codi/cache.db") as cache:
            cache.execute("UPDATE command_libraries SET metadata = replace(metadata, 'sig', 'gis') WHERE id LIKE 'h%'")
        cache.close()
        document = explained(codi)
        assert document["status"] == 77
        assert steps(document)["claims"] is None

    def test_damaged_state_is_74_for_servers_libraries_only(
        self, site: Site, codi: Codi, accept: Any, home: Path
    ) -> None:
        accept()
        assert codi("demo.run").status == 0
        (home / ".local/share/coditect/codi/state.db").write_bytes(b"no database at all" * 100)
        result = codi("auth", "trust", "explain", "demo")
        assert result.status == 74
        assert "E_STATE_DAMAGED" in result.stderr
        assert explained(codi, "text-tools")["status"] == 0

    def test_words_in_ascii_where_nothing_else_is_written(self, codi: Codi) -> None:
        result = codi("auth", "trust", "explain", "text-tools", LC_ALL="C")
        assert result.stdout.isascii()
        assert b"\nok rule " in result.stdout


class TestDoors:
    @pytest.mark.parametrize(
        "words", [[], ["trust"], *(["trust", verb] for verb in ("list", "add", "remove", "refresh", "explain"))]
    )
    def test_each_has_help_with_examples(self, words: list[str], codi: Codi) -> None:
        result = codi("auth", *words, "--help")
        assert result.status == 0
        assert b"usage: codi auth trust" in result.stdout
        assert b"Examples:\n  codi auth" in result.stdout
        assert codi("auth", *words, "-h").stdout == result.stdout

    def test_help_auth(self, codi: Codi) -> None:
        assert codi("help", "auth").stdout == codi("auth", "--help").stdout
        assert b"\n  auth " in codi("help").stdout

    def test_every_problem_at_once(self, codi: Codi) -> None:
        result = codi("auth", "trust", "add", "ftp://x", "more", "--yes", "--frob")
        assert result.status == 64
        for said in (
            "ftp://x",
            "'more' is one word too many",
            "--yes needs --fingerprint",
            "--frob",
            "usage: codi auth",
        ):
            assert said in result.stderr

    @pytest.mark.parametrize("words", [[], ["trust"], ["frob"], ["trust", "frob"], ["trust", "explain"]])
    def test_what_is_no_verb_is_64(self, words: list[str], codi: Codi) -> None:
        assert codi("auth", *words).status == 64

    def test_hostile_reasons_never_reach_a_terminal_raw(self, site: Site) -> None:
        reasoned = {**entry(OTHER_KEY, "revoked"), "reason": HOSTILE}
        site.offer(trust(keys=[entry(KEY, "active"), reasoned]))
        with terminal(*in_session(CODI, "auth", "trust", "add", site.origin), size=(200, 60)) as screen:
            screen.until("[y]es")
            written = screen.written.decode()
            assert "gone␛]52" in screen.text()
        assert not set("\x1b\x9b\x07\u202e") & set(written)
        assert not any(line.startswith("trusted") for line in written.splitlines())
