"""A keyring of the system's, as far as codi is concerned: it keeps secrets, in this case in a folder."""

from __future__ import annotations

import os
from pathlib import Path

CODE = """
import os, pathlib
from keyring.backend import KeyringBackend

FOLDER = pathlib.Path(os.environ["TEST_KEYRING"])

class Keyring(KeyringBackend):
    priority = 1

    def _path(self, service, username):
        return FOLDER / f"{service}-{username}".replace("/", "_")

    def get_password(self, service, username):
        path = self._path(service, username)
        return path.read_text() if path.exists() else None

    def set_password(self, service, username, password):
        if not FOLDER.is_dir():
            raise RuntimeError("it is locked")
        self._path(service, username).write_text(password)

    def delete_password(self, service, username):
        self._path(service, username).unlink()
"""


def foldered(folder: Path) -> dict[str, str]:
    """The environment of a process whose keyring keeps its secrets in `folder/ring`, while that is there."""
    (folder / "code").mkdir(exist_ok=True)
    (folder / "code/foldered.py").write_text(CODE)
    (folder / "ring").mkdir(exist_ok=True)
    return {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(folder / "code"), os.environ.get("PYTHONPATH")])),
        "PYTHON_KEYRING_BACKEND": "foldered.Keyring",
        "TEST_KEYRING": str(folder / "ring"),
    }
