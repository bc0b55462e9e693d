"""`codi config` as a person and a script meet it: the real executable, a real terminal, real editors."""

from __future__ import annotations

import json
import sqlite3
import stat
from pathlib import Path

import pytest

from conftest import CODI, Codi, data_folder
from support.libraries import PUBLIC_KEY, publish, signed
from support.server import serving
from support.terminal import in_session, terminal

CANARY = "canary-5ecf-31"


@pytest.fixture
def settings(home: Path) -> Path:
    """The settings file, in a folder that is there."""
    folder = home / ".config/coditect/codi"
    folder.mkdir(parents=True)
    return folder / "config.toml"


def error_of(stderr: str) -> str:
    code: str = json.loads(stderr)["error"]["code"]
    return code


class TestSettings:
    def test_set_get_list_and_unset(self, codi: Codi, settings: Path) -> None:
        settings.write_text("# mine\n[log]\nlevel = 'info' # quiet\n")
        assert codi("config", "set", "log.level", "debug").status == 0
        assert codi("config", "set", "run.timeout", "60").status == 0
        assert "# mine" in settings.read_text()
        assert "# quiet" in settings.read_text()
        assert codi("config", "get", "log.level").stdout == b"debug\n"
        assert json.loads(codi("config", "get", "run.timeout", "--json").stdout) == 60
        rows = {row["key"]: row for row in json.loads(codi("config", "list", "--json").stdout)}
        assert (rows["log.level"]["value"], rows["log.level"]["line"]) == ("debug", 3)
        assert rows["run.output"]["origin"] == "default"
        assert f"{settings}:3" in codi("config", "list", "--origin").stdout.decode()
        assert codi("config", "unset", "run.timeout").status == 0
        assert codi("config", "get", "run.timeout").stdout == b""
        assert stat.S_IMODE(settings.stat().st_mode) == 0o600

    def test_each_mistake_has_its_status_and_the_next_step(self, codi: Codi, settings: Path) -> None:
        for words, status, said in (
            (("config", "set", "log.levle", "x"), 66, "did you mean log.level?"),
            (("config", "set", "log.level", "loud"), 64, "one of debug"),
            (("config", "set", "session.keep_days", "many"), 64, "whole number"),
            (("config", "set", "servers[0].url", "https://a"), 64, "codi config edit"),
            (("config", "unset", "log.level"), 66, "does not set"),
            (("config", "alias", "set", "run", "text.count"), 64, "codi's own"),
            (("config", "alias", "set", "a", "a b"), 64, "circle"),
            (("config", "secret", "set", "not-a-name"), 64, "no secret's name"),
            (("config", "secret", "remove", "NONE"), 66, "not stored"),
            (("config", "completion", "tcsh"), 64, "bash, zsh, fish"),
        ):
            done = codi(*words)
            assert done.status == status, (words, done.stderr)
            assert said in done.stderr
        assert not settings.exists()
        settings.write_text("[log]\nlevel = 1\n")
        done = codi("config", "list", "--json")
        assert (done.status, error_of(done.stderr)) == (78, "E_CONFIG")
        assert codi("config", "set", "run.offline", "true").status == 78
        assert settings.read_text() == "[log]\nlevel = 1\n"

    def test_path_tells_every_path(self, codi: Codi, home: Path) -> None:
        paths = json.loads(codi("config", "path", "--json").stdout)
        assert paths["settings"] == str(home / ".config/coditect/codi/config.toml")
        assert paths["cache"] == str(data_folder(home) / "cache.db")
        assert paths["project"] is None
        assert codi("config", "path").stdout.count(b"\n") == len(paths)

    def test_the_settings_decide_what_a_run_is_and_its_own_options_win(self, codi: Codi, settings: Path) -> None:
        settings.write_text("[run]\noutput = 'json'\ntimeout = 33\n")
        assert json.loads(codi("text.count", stdin=b"a b\n").stdout)["words"] == 2
        assert codi("run", "--output", "text", "text.count", stdin=b"a b\n").stdout.startswith(b"lines")
        plan = json.loads(codi("run", "--dry-run", "text.count").stdout)
        assert "33" in json.dumps(plan)

    def test_an_alias_is_its_words_and_scripts_do_without(self, codi: Codi, home: Path) -> None:
        assert codi("config", "alias", "set", "wide", "text.wrap --width 12").status == 0
        assert codi("wide", "--prefix", "> ", stdin=b"one two three four\n").stdout == b"> one two\n> three four\n"
        assert codi("config", "alias", "list", "--json").stdout == b'{\n  "wide": "text.wrap --width 12"\n}\n'
        assert codi("run", "wide").status == 66
        assert codi("config", "alias", "set", "e", "text.template '$(touch pwned)'").status == 0
        codi("e", stdin=b"{}")
        assert not (home / "pwned").exists()
        assert codi("config", "alias", "unset", "wide").status == 0
        assert codi("wide").status == 66

    def test_offline_in_the_settings_opens_no_socket(self, codi: Codi, settings: Path, tmp_path: Path) -> None:
        publish(tmp_path / "site", signed())
        with serving(tmp_path / "site") as server:
            settings.write_text(
                f"[[servers]]\nurl = '{server.origin}'\ninsecure_loopback = true\n[run]\noffline = true\n"
            )
            assert codi("demo.run").status == 69
            assert server.requests == []

    def test_settings_that_are_not_safe_are_not_used(self, codi: Codi, settings: Path) -> None:
        settings.write_text("")
        settings.chmod(0o666)
        done = codi("run", "text.count")
        assert done.status == 78
        assert "chmod go-w" in done.stderr


class TestEnvironment:
    @pytest.mark.attack("H8")
    def test_no_variable_adds_a_server_or_a_key_or_loosens_anything(
        self, codi: Codi, settings: Path, tmp_path: Path
    ) -> None:
        """Each variable that could mean something to codi or a library below it, beside settings without that server."""
        publish(tmp_path / "site", signed())
        settings.write_text("[run]\noffline = true\ntimeout = 20\n[log]\nlevel = 'warning'\n")
        with serving(tmp_path / "site") as server:
            value = f"{server.origin}"
            names = ["SERVER", "SERVERS", "URL", "TRUSTED_KEYS", "KEY", "ACCEPT_V0", "CONFIG", "SETTINGS", "INSECURE"]
            names += ["OFFLINE", "TIMEOUT", "ALLOW", "OUTPUT", "RUN_OFFLINE", "RUN_TIMEOUT", "LOG_LEVEL", "PROJECT"]
            hostile = {f"CODI_{name}": value for name in names}
            for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
                hostile[name] = value
            hostile |= {"SSL_CERT_FILE": "/dev/null", "SSL_CERT_DIR": "/", "REQUESTS_CA_BUNDLE": "/dev/null"}
            hostile |= {"WEBSOCKETS_MAX_REDIRECTS": "9", "NO_PROXY": "", "PYTHONHTTPSVERIFY": "0", "SSLKEYLOGFILE": "k"}
            want = codi("config", "list", "--json").stdout
            assert codi("config", "list", "--json", **hostile).stdout == want
            done = codi("demo.run", **hostile)
            assert done.status in (66, 69)
            assert server.requests == []

    @pytest.mark.attack("H8")
    def test_a_settings_folder_that_the_environment_names_has_to_be_safe_too(self, codi: Codi, tmp_path: Path) -> None:
        folder = tmp_path / "elsewhere/coditect/codi"
        folder.mkdir(parents=True)
        (folder / "config.toml").write_text(
            f"[[servers]]\nurl = 'https://evil.example'\n[[servers.trusted_keys]]\n"
            f"public_key = '{PUBLIC_KEY.hex()}'\nlibraries = ['*']\n"
        )
        (folder / "config.toml").chmod(0o666)
        done = codi("text.count", XDG_CONFIG_HOME=str(tmp_path / "elsewhere"))
        assert done.status == 78
        assert codi("config", "list", XDG_CONFIG_HOME="relative").stdout.startswith(b"servers = []")


class TestEdit:
    def test_what_is_right_takes_the_file_s_place(self, codi: Codi, settings: Path) -> None:
        settings.write_text("# mine\n[log]\nlevel = 'info'\n")
        assert codi("config", "edit", EDITOR="sed -i s/info/debug/").status == 0
        assert settings.read_text() == "# mine\n[log]\nlevel = 'debug'\n"
        assert b"nothing was changed" in codi("config", "edit", EDITOR="true").stdout

    def test_what_is_wrong_is_kept_beside_and_changes_nothing(self, codi: Codi, settings: Path, tmp_path: Path) -> None:
        settings.write_text("[log]\nlevel = 'info'\n")
        done = codi("config", "edit", VISUAL="sed -i s/info/loud/", EDITOR="false", TMPDIR=str(tmp_path))
        assert done.status == 78
        assert settings.read_text() == "[log]\nlevel = 'info'\n"
        (kept,) = tmp_path.glob("codi-config-*.toml")
        assert str(kept) in done.stderr
        assert "loud" in kept.read_text()
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600

    def test_an_editor_that_fails_or_is_not_there_loses_nothing(
        self, codi: Codi, settings: Path, tmp_path: Path
    ) -> None:
        settings.write_text("[log]\n")
        for editor, said in (("sh -c 'echo x >> \"$0\"; exit 3'", "status 3"), ("no-such-editor", "cannot be started")):
            done = codi("config", "edit", EDITOR=editor, TMPDIR=str(tmp_path))
            assert done.status == 69
            assert said in done.stderr
        assert settings.read_text() == "[log]\n"
        (kept,) = tmp_path.glob("codi-config-*.toml")
        assert kept.read_text() == "[log]\nx\n"

    def test_what_somebody_else_wrote_meanwhile_is_not_overwritten(
        self, codi: Codi, settings: Path, tmp_path: Path
    ) -> None:
        settings.write_text("[log]\n")
        editor = f'sh -c \'echo "# other" >> "{settings}"; echo "# mine" >> "$0"\''
        done = codi("config", "edit", EDITOR=editor, TMPDIR=str(tmp_path))
        assert done.status == 78
        assert "meanwhile" in done.stderr
        assert settings.read_text() == "[log]\n# other\n"

    def test_on_a_terminal_one_can_go_on(self, settings: Path, tmp_path: Path) -> None:
        editor = tmp_path / "editor"
        editor.write_text(
            '#!/bin/sh\nif grep -q loud "$1"; then v=debug; else v=loud; fi\necho "[log]\nlevel=\'$v\'" > "$1"\n'
        )
        editor.chmod(0o755)
        with terminal(*in_session(CODI, "config", "edit"), EDITOR=str(editor)) as running:
            running.until("]dit on")
            running.press("e", "enter")
            assert running.finish() == 0
        assert settings.read_text() == "[log]\nlevel='debug'\n"


class TestSecrets:
    def test_a_secret_is_read_from_stdin_and_never_told(self, codi: Codi, home: Path) -> None:
        done = codi("config", "secret", "set", "TOKEN", stdin=f"{CANARY}\n".encode())
        assert (done.status, done.stdout) == (0, b"stored: TOKEN\n")
        path = home / ".config/coditect/codi/secrets/TOKEN"
        assert path.read_text() == CANARY
        assert (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(path.parent.stat().st_mode)) == (0o600, 0o700)
        path.parent.joinpath("LOOSE").write_text("x")
        path.parent.joinpath("LOOSE").chmod(0o644)
        listed = codi("config", "secret", "list", "--json")
        assert json.loads(listed.stdout) == [{"name": "LOOSE", "usable": False}, {"name": "TOKEN", "usable": True}]
        assert "chmod 600" in codi("config", "secret", "list").stdout.decode()
        assert codi("config", "secret", "remove", "TOKEN").status == 0
        assert not path.exists()
        kept = [file for file in home.rglob("*") if file.is_file() and CANARY.encode() in file.read_bytes()]
        assert kept == []

    @pytest.mark.parametrize("value", [b"", b"\n", b"a\0b", b"\xff", b"x" * 70_000])
    def test_what_could_not_be_used_is_not_stored(self, codi: Codi, home: Path, value: bytes) -> None:
        assert codi("config", "secret", "set", "TOKEN", stdin=value).status == 64
        assert not list(home.rglob("TOKEN"))

    def test_on_a_terminal_it_is_asked_and_not_shown(self, home: Path) -> None:
        with terminal(*in_session(CODI, "config", "secret", "set", "TOKEN")) as running:
            running.until("not shown")
            running.press(CANARY, "enter")
            assert running.finish() == 0
            assert CANARY.encode() not in running.written
        assert (home / ".config/coditect/codi/secrets/TOKEN").read_text() == CANARY


class TestDoctor:
    def test_all_is_well_in_a_new_home_and_after_a_run(self, codi: Codi) -> None:
        assert codi("config", "doctor").status == 0
        codi("text.count")
        done = codi("config", "doctor", "--json")
        findings = json.loads(done.stdout)
        assert done.status == 0
        assert {finding["subject"] for finding in findings} >= {
            "terminal", "settings", "cache", "state", "audit", "trust", "clock", "network", "toolchains", "sandbox", "wall"
        }  # fmt: skip
        assert not [finding for finding in findings if finding["state"] == "fail"]

    def test_what_is_broken_is_told_with_what_to_do(self, codi: Codi, home: Path, settings: Path) -> None:
        codi("text.count")
        folder = data_folder(home)
        for beside in folder.glob("cache.db-*"):  # what was not yet taken over would mend it
            beside.unlink()
        (folder / "cache.db").write_bytes(b"no database" * 1000)
        with sqlite3.connect(folder / "state.db") as other:
            other.execute("CREATE TABLE odd (x)")
        settings.write_text("[log]\nlevel = 5\n")
        done = codi("config", "doctor")
        lines = done.stdout.decode().splitlines()
        assert done.status == 78
        broken = {line.split()[1] for line in lines if line.startswith("fail")}
        assert broken == {"cache", "state", "settings"}
        assert (folder / "cache.db").read_bytes().startswith(b"no database")  # looking repairs nothing

    def test_servers_are_asked_only_on_the_user_s_word(self, codi: Codi, settings: Path, tmp_path: Path) -> None:
        publish(tmp_path / "site", signed())
        with serving(tmp_path / "site") as server:
            settings.write_text(f"[[servers]]\nurl = '{server.origin}'\ninsecure_loopback = true\n")
            said = codi("config", "doctor").stdout.decode()
            assert "not asked" in said
            assert f"warn  trust       {server.origin}: nobody decides" in said
            settings.write_text(f"{settings.read_text()}[run]\noffline = true\n")
            codi("config", "doctor", "--network")
            assert server.requests == []
            settings.write_text(settings.read_text().replace("true\n[run]\noffline = true", "true"))
            assert f"{server.origin} is there" in codi("config", "doctor", "--network").stdout.decode()
            origin = server.origin
        done = codi("config", "doctor", "--network")
        assert done.status == 78
        assert origin.removeprefix("http://") in done.stdout.decode()

    def test_a_terminal_is_looked_at(self, home: Path) -> None:
        for environment, size, said in (
            ({}, (100, 30), "100 by 30"),
            ({"TERM": "dumb"}, (100, 30), "TERM"),
            ({}, (60, 30), "60 col"),
        ):
            with terminal(CODI, "config", "doctor", size=size, **environment) as running:
                assert running.finish() == 0
                assert said.encode() in running.written
