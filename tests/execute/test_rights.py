"""What a guest is given beyond its arguments: granted, it is there; not granted or not declared, nothing is."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from codi_tui.errors import ConfigError, InputError
from codi_tui.execute import outputs
from codi_tui.execute.granted import read_secret
from codi_tui.execute.guest import Guest
from codi_tui.execute.outputs import OutputFile, written_bytes
from support.sandbox import NOT_PERMITTED, Bench, probing, refusal, said

OUT = {"name": "out", "type": "path", "description": "", "access": "write"}
IN = {"name": "in", "type": "path", "description": ""}


@pytest.fixture(scope="session")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("modules")


@pytest.fixture
def bench(tmp_path: Path, modules: Path) -> Bench:
    return Bench(tmp_path, modules)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    for name in ("one", "two"):
        (folder / name).write_text(f"{name}!")
    return folder


class TestTemplates:
    def test_a_program_gets_its_own_words_and_no_shell_reads_them(self, bench: Bench) -> None:
        assert bench.probe("words", "a b", "$(id)", "{x}") == "probe\nwords\na b\n$(id)\n{x}\n"

    def test_stdin_is_what_the_template_says(self, bench: Bench) -> None:
        source = probing(stdin="{{{words_}}}", parameters=[{"name": "words_", "type": "string", "description": ""}])
        assert said(bench.run(source, {"words": ["stdin"], "words_": "é\0"})) == "{é\0}"
        empty = probing(stdin="")
        assert said(bench.run(empty, {"words": ["stdin"]})) == ""

    def test_a_nul_is_refused_before_anything_runs(self, bench: Bench) -> None:
        assert refusal(bench.run(probing(), {"words": ["words", "a\0b"]}))["code"] == "E_USAGE"


class TestEnvironment:
    @pytest.mark.attack("E10")
    def test_a_variable_needs_both(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("WANTED", "é=1")
        monkeypatch.setenv("OTHER", "never")
        ambient = bench.probe("environ")
        assert [line.partition("=")[0] for line in ambient.splitlines()] == ["CODI_INVOCATION"]
        assert "WANTED=é=1" in bench.probe("environ", permissions=["env:WANTED", "env:NOT_SET"]).splitlines()
        declared = bench.run(probing("env:WANTED"), {"words": ["environ"]})
        granted = bench.run(probing(), {"words": ["environ"]}, granted=["env:WANTED"])
        for events in (declared, granted):
            assert "WANTED" not in said(events)
            assert "OTHER" not in said(events)

    def test_a_variable_does_not_stand_in_for_the_invocation(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CODI_INVOCATION", "forged")
        assert "forged" not in bench.probe("environ", permissions=["env:CODI_INVOCATION"])

    def test_what_is_no_text_is_said(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("WANTED", os.fsdecode(b"\xff"))
        events = bench.run(probing("env:WANTED"), {"words": ["environ"]}, granted=["env:WANTED"])
        assert refusal(events)["code"] == "E_INPUT"


class TestSecrets:
    @pytest.fixture(autouse=True)
    def stored(self, bench: Bench) -> None:
        bench.secrets.mkdir(mode=0o700)
        (bench.secrets / "TOKEN").touch(0o600)
        (bench.secrets / "TOKEN").write_text("canary-5c1\n")

    @pytest.mark.attack("E10")
    def test_a_secret_needs_both(self, bench: Bench) -> None:
        assert "TOKEN=canary-5c1\n" in bench.probe("environ", permissions=["secret:TOKEN"])
        assert "canary" not in bench.probe("environ")
        assert "canary" not in said(bench.run(probing("secret:TOKEN"), {"words": ["environ"]}))
        assert "canary" not in said(bench.run(probing(), {"words": ["environ"]}, granted=["secret:TOKEN"]))

    @pytest.mark.attack("H7")
    def test_a_secret_is_in_no_event_and_not_in_the_invocation(self, bench: Bench) -> None:
        source = probing("secret:TOKEN")
        events = bench.run(source, {"words": ["words"]}, granted=["secret:TOKEN"])
        assert "canary" not in repr([(event, event.data) for event in events])
        lines = bench.probe("environ", permissions=["secret:TOKEN"]).splitlines()
        assert not [line for line in lines if line.startswith("CODI_INVOCATION") and "canary" in line]

    def test_a_secret_that_is_not_stored_stops_the_run_and_says_how_to_store_it(self, bench: Bench) -> None:
        error = refusal(bench.run(probing("secret:OTHER"), granted=["secret:OTHER"]))
        assert (error["code"], "codi config secret set OTHER" in error["hint"]) == ("E_SECRET", True)

    @pytest.mark.parametrize("fault", ["mode", "link", "large", "nul", "bytes", "folder"])
    def test_a_secret_that_is_not_safely_stored_is_not_read(self, bench: Bench, fault: str) -> None:
        path = bench.secrets / "TOKEN"
        if fault == "mode":
            path.chmod(0o640)
        elif fault in ("link", "folder"):
            path.rename(bench.data / "elsewhere")
            path.symlink_to(bench.data / "elsewhere") if fault == "link" else path.mkdir(0o700)
        else:
            path.write_bytes({"large": b"c" * 65_537, "nul": b"canary\0", "bytes": b"canary\xff"}[fault])
        with pytest.raises(ConfigError) as caught:
            read_secret(str(bench.secrets), "TOKEN")
        assert caught.value.code == "E_SECRET"
        assert "canary" not in f"{caught.value.message}{caught.value.hint}"


class TestFolders:
    @pytest.mark.attack("E7")
    def test_a_folder_needs_both_and_is_read_only(self, bench: Bench, data: Path) -> None:
        right = f"fs:read:{data}/"
        words = ["read", f"{data}/one", "write", f"{data}/new", "x", "delete", f"{data}/two", "read", f"{data}/../b"]
        out = bench.probe(*words, permissions=[right])
        assert out == "read 0\none!" + f"write {NOT_PERMITTED}\ndelete {NOT_PERMITTED}\nread {NOT_PERMITTED}\n"
        assert sorted(path.name for path in data.iterdir()) == ["one", "two"]
        for events in (
            bench.run(probing(right), {"words": words[:2]}),
            bench.run(probing(), {"words": words[:2]}, granted=[right]),
        ):
            assert "one!" not in said(events)
        assert bench.probe("folders") == ""

    def test_a_folder_to_write_is_read_and_changed_and_nothing_beside_it(self, bench: Bench, data: Path) -> None:
        (data / "in").mkdir()
        inside = data / "in"
        words = ["write", f"{inside}/new", "x", "read", f"{inside}/new", "read", f"{inside}/../one"]
        words += ["write", f"{data}/beside", "x", "symlink", "../one", f"{inside}/l", "read", f"{inside}/l"]
        out = bench.probe(*words, permissions=[f"fs:write:{inside}/"])
        assert out.startswith("write 0\nread 0\nx")
        assert "one!" not in out
        assert (inside / "new").read_text() == "x"
        assert not (data / "beside").exists()

    @pytest.mark.attack("E7")
    def test_what_a_guest_can_exchange_is_not_followed_at_its_next_run(self, bench: Bench, data: Path) -> None:
        home, alias = data / "home", data / "alias"
        home.mkdir()
        alias.symlink_to(home)
        for name, target in (("sub", ".."), ("one", "../one"), ("deep", "..")):
            (home / name).symlink_to(target)
        rights = [f"fs:write:{home}/", f"fs:read:{home}/sub/", f"fs:read:{alias}/one", f"fs:read:{alias}/deep/one"]
        reads = [f"{home}/sub/one", f"{alias}/one", f"{alias}/deep/one"]
        out = bench.probe(*[word for path in reads for word in ("read", path)], permissions=rights)
        assert (out.count("read"), "one!" in out) == (3, False)

    @pytest.mark.attack("E7")
    def test_a_guest_makes_no_symbolic_link(self, bench: Bench, data: Path) -> None:
        out = bench.probe("symlink", "one", f"{data}/three", permissions=[f"fs:write:{data}/"])
        assert out == f"symlink {NOT_PERMITTED}\n"
        assert not (data / "three").is_symlink()

    @pytest.mark.attack("E10")
    def test_no_path_leads_to_what_is_codis_own(self, bench: Bench, data: Path) -> None:
        bench.secrets.mkdir(mode=0o700)
        (bench.secrets / "TOKEN").write_text("canary-5c1\n")
        (data / "link").symlink_to(bench.secrets / "TOKEN")
        (data / "folder").symlink_to(bench.settings)
        for path in (bench.secrets / "TOKEN", bench.settings, data / "link", data / "folder"):
            events = bench.run(probing(parameters=[IN]), {"words": ["folders"], "in": str(path)})
            assert refusal(events)["code"] == "E_PERMISSION"

    def test_of_two_rights_to_one_folder_writing_stands(self, bench: Bench, data: Path) -> None:
        rights = [f"fs:write:{data}/", f"fs:read:{data}/"]
        assert bench.probe("write", f"{data}/new", "x", permissions=rights) == "write 0\n"

    def test_home_is_the_user_s(self, bench: Bench, home: Path) -> None:
        (home / "notes").mkdir()
        (home / "notes/a").write_text("mine")
        (home / "b").write_text("not this")
        out = bench.probe("folders", "read", "/~/notes/a", "read", "/~/b", permissions=["fs:read:~/notes/"])
        assert out == "/~/notes\nread 0\nmineread 8\n"

    def test_a_folder_that_is_not_there_is_not_conferred(self, bench: Bench, data: Path) -> None:
        assert bench.probe("folders", permissions=[f"fs:read:{data}/nowhere/"]) == ""

    @pytest.mark.parametrize("kind", ["read", "write"])
    @pytest.mark.parametrize("where", ["data/", "", "settings/secrets/"])
    def test_a_folder_with_what_is_codis_own_is_not_given(
        self, bench: Bench, tmp_path: Path, kind: str, where: str
    ) -> None:
        bench.secrets.mkdir()
        right = f"fs:{kind}:{tmp_path}/{where}"
        error = refusal(bench.run(probing(right), {"words": ["folders"]}, granted=[right]))
        assert (error["code"], "codi's own" in error["message"]) == ("E_PERMISSION", True)


class TestFiles:
    @pytest.mark.attack("E7")
    def test_a_file_confers_itself_and_nothing_beside_it(self, bench: Bench, data: Path) -> None:
        words = ["read", f"{data}/one", "read", f"{data}/two", "write", f"{data}/one", "x"]
        out = bench.probe(*words, permissions=[f"fs:read:{data}/one"])
        assert out.startswith("read 0\none!read 44\nwrite ")
        assert (data / "one").read_text() == "one!"
        for events in (
            bench.run(probing(f"fs:read:{data}/one"), {"words": words}),
            bench.run(probing(), {"words": words}, granted=[f"fs:read:{data}/one"]),
        ):
            assert "one!" not in said(events)

    def test_a_file_to_write_is_changed_whole_and_nothing_beside_it(self, bench: Bench, data: Path) -> None:
        (data / "one").chmod(0o640)
        before = (data / "one").stat().st_ino
        rights = [f"fs:write:{data}/one", f"fs:read:{data}/two"]
        words = ["append", f"{data}/one", " more", "write", f"{data}/two", "x", "write", f"{data}/beside", "x"]
        bench.probe(*words, permissions=rights)
        assert sorted(path.name for path in data.iterdir()) == ["one", "two"]
        assert ((data / "one").read_text(), (data / "two").read_text()) == ("one! more", "two!")
        status = (data / "one").stat()
        assert (status.st_mode & 0o777, status.st_ino != before) == (0o640, True)

    def test_a_file_in_a_folder_that_was_granted_is_that_folder_s(self, bench: Bench, data: Path) -> None:
        rights = [f"fs:read:{data}/one", f"fs:write:{data}/"]
        assert "two!" in bench.probe("read", f"{data}/two", permissions=rights)

    def test_what_is_not_there_is_not_conferred(self, bench: Bench, data: Path) -> None:
        assert bench.probe("folders", permissions=[f"fs:read:{data}/nothing"]) == ""


class TestOutputs:
    """A path argument that is written."""

    def run(self, bench: Bench, out: Path | str, *words: str, **others: Any) -> str:
        return bench.probe(*words, parameters=[OUT, IN], out=str(out), **others)

    def test_it_is_created_whole_when_the_run_has_succeeded(self, bench: Bench, data: Path) -> None:
        out = self.run(bench, data / "new", "write", "/args/out/new", "text", "write", "/args/out/beside", "x")
        assert out == "write 0\nwrite 0\n"
        assert (data / "new").read_text() == "text"
        mask = os.umask(0)
        os.umask(mask)
        assert (data / "new").stat().st_mode & 0o777 == 0o666 & ~mask
        assert sorted(path.name for path in data.iterdir()) == ["new", "one", "two"]

    def test_what_is_there_is_replaced_and_never_shown(self, bench: Bench, data: Path) -> None:
        assert self.run(bench, data / "one", "read", "/args/out/one") == "read 44\n"
        assert (data / "one").read_text() == "one!"
        self.run(bench, data / "one", "write", "/args/out/one", "1")
        assert (data / "one").read_text() == "1"

    def test_a_link_is_written_through(self, bench: Bench, data: Path) -> None:
        (data / "link").symlink_to(data / "one")
        self.run(bench, data / "link", "write", "/args/out/link", "1")
        assert ((data / "link").is_symlink(), (data / "one").read_text()) == (True, "1")

    def test_a_run_that_fails_changes_nothing_and_says_so(self, bench: Bench, data: Path) -> None:
        words = ["write", "/args/out/one", "half", "exit", "3"]
        events = bench.run(probing(parameters=[OUT]), {"words": words, "out": str(data / "one")})
        assert (events[-1].type, events[-1].fields["exit_status"]) == ("completed", 3)
        assert "is left as it was" in events[-2].fields["message"]
        assert (data / "one").read_text() == "one!"

    @pytest.mark.attack("E7")
    @pytest.mark.parametrize(
        "words",
        [
            ["symlink", "../../../../../../../etc/passwd", "/args/out/new"],
            ["symlink", "one", "/args/out/new"],
            ["link", "/args/in/one", "/args/out/new"],
            ["rename", "/args/in/one", "/args/out/new"],
        ],
    )
    def test_what_is_no_file_of_its_own_is_not_put_anywhere(self, bench: Bench, data: Path, words: list[str]) -> None:
        arguments = {"words": words, "out": str(data / "new"), "in": str(data / "one")}
        events = bench.run(probing(parameters=[OUT, IN]), arguments)
        assert not os.path.lexists(data / "new")
        assert said(events) == f"{words[0]} {NOT_PERMITTED}\n"
        assert (data / "one").read_text() == "one!"

    @pytest.mark.attack("E6")
    def test_it_counts_as_output(self, bench: Bench, data: Path) -> None:
        source = probing(parameters=[OUT], limits={"output_bytes": 1_000})
        words = ["write", "/args/out/new", "x" * 2_000]
        error = refusal(bench.run(source, {"words": words, "out": str(data / "new")}))
        assert error["code"] == "E_WASM_OUTPUT"
        assert not (data / "new").exists()

    @pytest.mark.attack("E6")
    def test_what_the_watch_missed_is_counted_at_the_end(
        self, bench: Bench, data: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Guest, "_broken_limit", lambda _: None)
        self.test_it_counts_as_output(bench, data)

    def test_another_s_file_under_a_second_name_is_not_taken(self, data: Path) -> None:
        (data / "staged").mkdir()
        output = OutputFile(str(data / "new"), str(data / "staged"), ())
        (data / "staged/new").hardlink_to(data / "one")
        with pytest.raises(InputError):
            output.place()

    def test_a_link_to_another_s_file_is_not_followed(self, data: Path) -> None:
        (data / "staged").mkdir()
        output = OutputFile(str(data / "new"), str(data / "staged"), ())
        (data / "staged/new").symlink_to(data / "one")
        with pytest.raises(InputError):
            output.place()

    def test_many_small_files_are_too_many(self, data: Path) -> None:
        outputs = [OutputFile(str(data / "new"), str(data), ())]
        assert written_bytes(outputs) < 1 << 20
        (data / "folder").mkdir()
        assert written_bytes(outputs) == float("inf")
        (data / "folder").rmdir()
        for at in range(70):
            (data / f"more{at}").touch()
        assert written_bytes(outputs) == float("inf")
        assert written_bytes([OutputFile(str(data / "new"), str(data / "gone"), ())]) == 0

    @pytest.mark.parametrize("flag", ["O_TMPFILE", "O_DIRECTORY"])
    def test_whoever_is_killed_half_way_leaves_what_was_there_and_nothing_else(
        self, data: Path, monkeypatch: pytest.MonkeyPatch, flag: str
    ) -> None:
        (data / "staged").mkdir()
        (data / "staged/one").write_text("new")
        output = OutputFile(str(data / "one"), str(data / "staged"), ())

        def killed(*_: object) -> None:
            os._exit(0)

        def interrupted(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(os, "O_TMPFILE", getattr(os, flag))  # the second fails, as where there is none
        if flag == "O_TMPFILE":
            monkeypatch.setattr(outputs, "_copy", killed)
            child = os.fork()
            if child == 0:
                output.place()
            os.waitpid(child, 0)
        monkeypatch.setattr(outputs, "_copy", interrupted)
        with pytest.raises(KeyboardInterrupt):
            output.place()
        assert sorted(path.name for path in data.iterdir()) == ["one", "staged", "two"]
        assert (data / "one").read_text() == "one!"
        monkeypatch.undo()
        output.place()
        assert (data / "one").read_text() == "new"

    def test_a_dash_is_stdout(self, bench: Bench) -> None:
        source = probing(parameters=[OUT], argv=["probe", "words", "{out}"])
        assert said(bench.run(source, {"out": "-"})) == "probe\nwords\n-\n"

    @pytest.mark.parametrize("place", ["nowhere/x", "", "link-to-nothing/x", "pipe", "/dev/null", "sealed/x", "closed"])
    def test_a_place_where_nothing_can_be_put_is_refused_before_anything_runs(
        self, bench: Bench, data: Path, place: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        os.mkfifo(data / "pipe")
        (data / "sealed").mkdir()
        (data / "closed").touch()
        refused = {str(data / "sealed"), str(data / "closed")}
        real = os.access
        monkeypatch.setattr(os, "access", lambda path, mode: path not in refused and real(path, mode))  # root may all
        error = refusal(bench.run(probing(parameters=[OUT]), {"words": ["words"], "out": os.path.join(data, place)}))
        assert error["code"] == "E_CREATE"

    @pytest.mark.parametrize("place", ["data/state.db", "settings/config.toml", "link/state.db"])
    def test_codis_own_folders_are_not_written_to(self, bench: Bench, tmp_path: Path, place: str) -> None:
        (tmp_path / "link").symlink_to(bench.data)
        words = ["write", "/args/out/state.db", "x"]
        error = refusal(bench.run(probing(parameters=[OUT]), {"words": words, "out": str(tmp_path / place)}))
        assert error["code"] == "E_PERMISSION"
        assert not (bench.data / "state.db").exists()

    def test_a_disk_that_is_full_leaves_what_was_there(self, bench: Bench, data: Path) -> None:
        try:
            subprocess.run(
                ["mount", "-t", "tmpfs", "-o", "size=4k", "none", str(data)], check=True, capture_output=True
            )
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("cannot mount here")
        try:
            (data / "one").write_text("one!")
            words = ["write", "/args/out/one", "x" * 8_000]
            error = refusal(bench.run(probing(parameters=[OUT]), {"words": words, "out": str(data / "one")}))
            assert error["code"] == "E_CREATE"
            assert ((data / "one").read_text(), len(list(data.iterdir()))) == ("one!", 1)
        finally:
            subprocess.run(["umount", str(data)], check=True)
