"""`codi-registry` in this process, and a key of the author's."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.authoring import Registry, in_process


@pytest.fixture
def registry(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, home: Path) -> Registry:
    return in_process(capsys, monkeypatch)


@pytest.fixture
def public_key(registry: Registry) -> str:
    """The author's default key, made now."""
    key: str = registry("keygen", "--json").facts()["public_key"]
    return key
