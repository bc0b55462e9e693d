"""Where codi runs, and which paths follow from it (the record, section 4: `RuntimeMode`).

The per-user folders are those of platformdirs. On Linux its two rules are applied here directly, because importing it
costs more than everything else that `codi help` does; a test holds the two to the same answers.
"""

from __future__ import annotations

import os
import sys

LISTING = "help.txt"
"""The rendered list of commands: of the bundled ones beside them, of the cached ones in the data folder."""

COMPLETION = "completion.txt"
"""What a shell needs to complete them, in the same places."""

_APP = os.path.join("coditect", "codi")


class RuntimeMode:
    """One of `RuntimeMode.LOCAL`, `RuntimeMode.CLOUD_RUN`, `RuntimeMode.WASM`."""

    __slots__ = ("name",)

    LOCAL: RuntimeMode
    CLOUD_RUN: RuntimeMode
    WASM: RuntimeMode

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"RuntimeMode.{self.name.upper()}"

    @classmethod
    def detect(cls) -> RuntimeMode:
        """`K_SERVICE` set means Cloud Run, an Emscripten Python means a browser, anything else is local."""
        if "K_SERVICE" in os.environ:
            return cls.CLOUD_RUN
        if sys.platform == "emscripten":
            return cls.WASM
        return cls.LOCAL

    def data_folder(self) -> str:
        """The folder of everything that codi keeps: the cache, compiled modules, state."""
        if self is RuntimeMode.CLOUD_RUN:
            return "/var/lib/codi"
        return os.path.join(_user_folder("XDG_DATA_HOME", ".local/share", "user_data_dir"), _APP)

    def cache_path(self) -> str:
        """The cache database, or `:memory:` in a browser, where it is not used."""
        return ":memory:" if self is RuntimeMode.WASM else os.path.join(self.data_folder(), "cache.db")

    def settings_path(self) -> str:
        """The one settings file."""
        if self is RuntimeMode.CLOUD_RUN:
            return "/etc/codi/config.toml"
        return os.path.join(_user_folder("XDG_CONFIG_HOME", ".config", "user_config_dir"), _APP, "config.toml")


RuntimeMode.LOCAL = RuntimeMode("local")
RuntimeMode.CLOUD_RUN = RuntimeMode("cloud_run")
RuntimeMode.WASM = RuntimeMode("wasm")


def _user_folder(variable: str, below_home: str, platformdirs_name: str) -> str:
    if sys.platform == "linux":
        configured = os.environ.get(variable, "")
        home = os.environ.get("HOME", "")
        if os.path.isabs(configured):
            return configured
        if os.path.isabs(home):
            return os.path.join(home.rstrip("/") or "/", below_home)
    import platformdirs

    folder: str = getattr(platformdirs, platformdirs_name)()
    return folder


def package_folder() -> str:
    """The installed package's own folder."""
    return os.path.dirname(os.path.abspath(__file__))


def bundled_folder() -> str:
    """The sealed libraries: inside an installed package, or beside it in a source tree."""
    package = package_folder()
    installed = os.path.join(package, "libraries")
    if os.path.isdir(installed):
        return installed
    return os.path.join(os.path.dirname(package), "libraries", "sealed")


def styles_folder() -> str:
    """The workspace's style sheets: inside an installed package, or beside it in a source tree."""
    package = package_folder()
    installed = os.path.join(package, "styles")
    return installed if os.path.isdir(installed) else os.path.join(os.path.dirname(package), "styles")
