"""Runtime modes and paths (design, section 6)."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import platformdirs
import pytest

from codi_tui.runtime import RuntimeMode, bundled_folder, package_folder


def test_cloud_run_is_told_by_k_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K_SERVICE", "codi")
    mode = RuntimeMode.detect()
    assert mode is RuntimeMode.CLOUD_RUN
    assert mode.cache_path() == "/var/lib/codi/cache.db"
    assert mode.data_folder() == "/var/lib/codi"
    assert mode.settings_path() == "/etc/codi/config.toml"


def test_a_browser_is_told_by_its_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "emscripten")
    assert RuntimeMode.detect() is RuntimeMode.WASM
    assert RuntimeMode.WASM.cache_path() == ":memory:"


def test_anything_else_is_local(home: Path) -> None:
    mode = RuntimeMode.detect()
    assert mode is RuntimeMode.LOCAL
    assert repr(mode) == "RuntimeMode.LOCAL"
    assert mode.cache_path() == str(home / ".local/share/coditect/codi/cache.db")
    assert mode.settings_path() == str(home / ".config/coditect/codi/config.toml")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere platformdirs itself is asked")
@pytest.mark.parametrize("home", ["/home/me", "/home/me/", "/", "//", "/a b/é", "", "relative", None])
@pytest.mark.parametrize("folder", ["/data", "/data/", "", " ", "relative", "~/data", "$HOME/x", "/a/../b", None])
def test_the_folders_are_those_of_platformdirs(
    monkeypatch: pytest.MonkeyPatch, home: str | None, folder: str | None
) -> None:
    for name, value in (("HOME", home), ("XDG_DATA_HOME", folder), ("XDG_CONFIG_HOME", folder)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    app = os.path.join("coditect", "codi")
    assert RuntimeMode.LOCAL.data_folder() == os.path.join(platformdirs.user_data_dir(), app)
    assert RuntimeMode.LOCAL.settings_path() == os.path.join(platformdirs.user_config_dir(), app, "config.toml")


def test_elsewhere_platformdirs_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(platformdirs, "user_data_dir", lambda: "/Users/me/Library/Application Support")
    assert RuntimeMode.LOCAL.cache_path() == "/Users/me/Library/Application Support/coditect/codi/cache.db"


def test_the_bundled_libraries_are_beside_a_source_tree_or_in_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Path(bundled_folder(), "key.json").is_file()
    package = tmp_path / "codi_tui"
    package.mkdir()
    monkeypatch.setattr("codi_tui.runtime.__file__", str(package / "runtime.py"))
    assert package_folder() == str(package)
    assert bundled_folder() == str(tmp_path / "libraries/sealed")
    (package / "libraries").mkdir()
    assert bundled_folder() == str(package / "libraries")
