"""Path arguments: each confers exactly that path, and nothing is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from codi_tui.errors import InputError
from codi_tui.execute import removal
from codi_tui.execute.removal import remove_folder
from codi_tui.execute.staging import Staging, remove_runs_of
from codi_tui.model.manifest import SubcommandDefinition


def definition(**members: Any) -> SubcommandDefinition:
    parameter = {"name": "file", "type": "path", "description": "", **members}
    return SubcommandDefinition({"description": "", "arguments": [parameter], "options": [], "handler": {}}, "a.b")


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "runs"


def test_a_file_is_conferred_without_its_neighbours(tmp_path: Path, runs: Path) -> None:
    (tmp_path / "one").write_text("1")
    (tmp_path / "two").write_text("2")
    with Staging(str(runs)) as staging:
        seen = staging.confer(definition(), {"file": str(tmp_path / "one")})
        assert seen == {"file": "/args/file/one"}
        (host,) = staging.folders.values()
        assert [path.name for path in Path(os.fsdecode(host)).rglob("*") if path.is_file()] == ["one"]
        assert (Path(os.fsdecode(host)) / "file/one").samefile(tmp_path / "one")
        assert Path(os.fsdecode(host)).stat().st_mode & 0o777 == 0o700
    assert list(runs.iterdir()) == []
    assert (tmp_path / "one").read_text() == "1"


def test_a_link_confers_what_it_points_to(tmp_path: Path, runs: Path) -> None:
    (tmp_path / "one").write_text("1")
    (tmp_path / "link").symlink_to(tmp_path / "one")
    with Staging(str(runs)) as staging:
        staging.confer(definition(), {"file": str(tmp_path / "link")})
        (host,) = staging.folders.values()
        staged = Path(os.fsdecode(host)) / "file/link"
        assert not staged.is_symlink()
        assert staged.read_text() == "1"


def test_what_cannot_be_linked_is_copied(runs: Path) -> None:
    with Staging(str(runs)) as staging:
        staging.confer(definition(), {"file": "/proc/version"})
        (host,) = staging.folders.values()
        assert (Path(os.fsdecode(host)) / "file/version").read_bytes() == Path("/proc/version").read_bytes()


def test_a_folder_is_conferred_itself(tmp_path: Path, runs: Path) -> None:
    (tmp_path / "folder").mkdir()
    with Staging(str(runs)) as staging:
        assert staging.confer(definition(), {"file": str(tmp_path / "folder")}) == {"file": "/args/file"}
        assert staging.folders == {b"/args/file": os.fsencode(tmp_path / "folder")}
    assert (tmp_path / "folder").is_dir()


def test_several_paths_do_not_collide(tmp_path: Path, runs: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "same").write_text(name)
    given = [str(tmp_path / "a/same"), str(tmp_path / "b/same")]
    with Staging(str(runs)) as staging:
        seen = staging.confer(definition(multiple=True), {"file": given})
        assert seen == {"file": ["/args/file.0/same", "/args/file.1/same"]}


def test_nothing_is_staged_for_stdin_or_for_no_path(runs: Path) -> None:
    with Staging(str(runs)) as staging:
        assert staging.confer(definition(), {"file": "-"}) == {"file": "-"}
        assert staging.confer(definition(), {}) == {}
        assert staging.confer(definition(type="string"), {"file": "/etc/passwd"}) == {"file": "/etc/passwd"}
        assert staging.folders == {}
    assert not runs.exists()


@pytest.mark.parametrize("path", ["/nowhere/at/all", "a\0b", ""])
def test_a_path_that_cannot_be_read_is_named(path: str, runs: Path) -> None:
    with Staging(str(runs)) as staging, pytest.raises(InputError):
        staging.confer(definition(), {"file": path})
    assert not runs.exists() or list(runs.iterdir()) == []


def test_what_killed_runs_left_is_removed_by_the_next(tmp_path: Path, runs: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    for name in (f"{dead.pid}-00", f"{os.getpid()}-00", f"{10**30}-00", "other"):
        (runs / name / "file").mkdir(parents=True)
    (tmp_path / "one").write_text("1")
    with Staging(str(runs)) as staging:
        staging.confer(definition(), {"file": str(tmp_path / "one")})
    assert {path.name for path in runs.iterdir()} == {f"{os.getpid()}-00", f"{10**30}-00", "other"}
    remove_runs_of(str(runs), os.getpid())
    assert {path.name for path in runs.iterdir()} == {f"{10**30}-00", "other"}
    remove_runs_of(str(tmp_path / "nowhere"), 1)


def test_where_the_data_folder_cannot_be_written_nothing_is_left_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("1")
    (tmp_path / "temp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temp"))
    staging = Staging(str(tmp_path / "file/runs"))
    staging.confer(definition(), {"file": str(tmp_path / "file")})
    other = tmp_path / f"temp/codi-{os.getpid()}0-x"
    other.mkdir()
    assert len(list((tmp_path / "temp").iterdir())) == 2
    remove_runs_of(str(tmp_path / "file/runs"), os.getpid())
    assert list((tmp_path / "temp").iterdir()) == [other]
    assert (tmp_path / "file").read_text() == "1"


def test_what_a_guest_made_is_removed_however_deep_and_without_following_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, folder = tmp_path / "kept", tmp_path / "folder"
    (kept / "below").mkdir(parents=True)
    (kept / "below/file").touch()
    folder.mkdir()
    (folder / "link").symlink_to(kept)
    (folder / "broken").symlink_to("nowhere")
    at = os.open(folder, os.O_RDONLY)
    for _ in range(150):
        os.mkdir("deeper", dir_fd=at)
        os.symlink(kept, "link to folder", dir_fd=at)
        at, above = os.open("deeper", os.O_RDONLY, dir_fd=at), at
        os.close(above)
    os.close(at)
    monkeypatch.setattr(removal, "_DEPTH", 10)
    remove_folder(str(folder))
    assert not folder.exists()
    assert (kept / "below/file").exists()


def test_a_folder_is_removed_while_somebody_still_writes_to_it(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    script = "import sys, os; os.chdir(sys.argv[1]); print(flush=True); n = 0\nwhile True: open(str(n), 'w'); n += 1"
    with subprocess.Popen(
        [sys.executable, "-c", script, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        remove_folder(str(folder))
        assert not folder.exists()
        assert other.wait(20) == 1


def test_what_cannot_be_removed_stays_and_takes_no_time(tmp_path: Path) -> None:
    remove_folder("/proc/self/task")
    remove_folder(str(tmp_path / "nowhere"))
