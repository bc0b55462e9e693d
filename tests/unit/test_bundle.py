"""A bundle is read within its bounds, and nothing in it names a path."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codi_tui.cache.zstd import compress
from codi_tui.errors import CodiError
from codi_tui.library.bundle import Bundle, BundleWriter
from codi_tui.operations.core import drive
from support.libraries import HELLO, signed, wasm

ORIGIN = "https://libraries.example.com"
DOCUMENT = signed()
MODULE = wasm(HELLO)
_HEAD = 14 + 8


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A bundle with one library and one trust document."""
    writer = BundleWriter(str(tmp_path / "one.codi"))
    writer.add_trust(ORIGIN, b'{"version":1}')
    writer.add_library(ORIGIN, "demo", "1.0.0", DOCUMENT, MODULE)
    assert writer.finish() == (tmp_path / "one.codi").stat().st_size
    return tmp_path / "one.codi"


def code_of(operation: Callable[[], object]) -> str:
    with pytest.raises(CodiError) as caught:
        operation()
    return caught.value.code


def fetch(path: Path, name: str = "demo", version: str | None = None) -> bytes:
    (source,) = Bundle(str(path)).sources
    return bytes(drive(source.fetch_library(name, version)).document)


def test_it_delivers_what_was_put_in_and_says_that_it_is_no_server(path: Path) -> None:
    (source,) = Bundle(str(path)).sources
    delivery = drive(source.fetch_library("demo", "1.0.0"))
    assert (delivery.document, delivery.live) == (DOCUMENT, False)
    assert drive(source.fetch_module(hashlib.sha256(MODULE).hexdigest(), len(MODULE))) == MODULE
    assert [(offer.name, offer.version) for offer in drive(source.list_offers())] == [("demo", "1.0.0")]
    assert drive(source.fetch_trust()) == drive(source.fetch_trust(1)) == b'{"version":1}'
    for absent in (
        lambda: fetch(path, "other"),
        lambda: fetch(path, version="2.0.0"),
        lambda: drive(source.fetch_trust(2)),
        lambda: drive(source.fetch_module("0" * 64, 10)),
    ):
        assert code_of(absent) == "E_NOT_FOUND"
    assert [item.name for item in path.parent.glob("one*")] == ["one.codi"]


def test_what_is_there_is_never_overwritten(path: Path) -> None:
    assert code_of(lambda: BundleWriter(str(path))) == "E_EXISTS"
    assert code_of(lambda: BundleWriter(str(path / "none"))) == "E_CREATE"


_CHANGES: dict[str, Callable[[Any], object]] = {
    "a path for a name": lambda it: it["origins"][0]["libraries"][0].update(name="../../x"),
    "a path for a version": lambda it: it["origins"][0]["libraries"][0].update(version="../../x"),
    "a path for a document": lambda it: it["origins"][0]["libraries"][0].update(document="../x"),
    "a path for a blob": lambda it: it["blobs"][0].update(digest="../../../etc/passwd"),
    "a size below 0": lambda it: it["blobs"][0].update(packed=-1),
    "a size that is none": lambda it: it["blobs"][0].update(packed=True),
    "an endless size": lambda it: it["blobs"][0].update(packed=1 << 50),
    "a blob twice": lambda it: it["blobs"].append(it["blobs"][0]),
    "a library twice": lambda it: it["origins"][0].update(libraries=it["origins"][0]["libraries"] * 2),
    "too many origins": lambda it: it.update(origins=it["origins"] * 65),
    "too many trust documents": lambda it: it["origins"][0].update(trust=["0" * 64] * 66),
    "no blobs": lambda it: it.pop("blobs"),
    "no list": lambda it: it.update(origins={}),
    "another form": lambda it: it.update(type="codi/bundle/v2"),
}


@pytest.mark.parametrize("what", _CHANGES)
def test_an_index_that_is_not_one_is_refused(what: str, path: Path) -> None:
    whole = path.read_bytes()
    size = int.from_bytes(whole[14:_HEAD], "big")
    index = json.loads(whole[_HEAD : _HEAD + size])
    _CHANGES[what](index)
    text = json.dumps(index).encode()
    path.write_bytes(whole[:14] + len(text).to_bytes(8, "big") + text + whole[_HEAD + size :])
    assert code_of(lambda: Bundle(str(path))) == "E_BUNDLE"


def test_what_is_not_whole_is_refused_wherever_it_is_cut(path: Path) -> None:
    whole = path.read_bytes()
    for end in [*range(0, len(whole), 7), len(whole) - 1]:
        path.write_bytes(whole[:end])
        assert code_of(lambda: Bundle(str(path))) == "E_BUNDLE", end
    for data in (whole + b"x", b"PK\3\4" + whole, whole[:14] + b"\xff" * 8 + whole[_HEAD:]):
        path.write_bytes(data)
        assert code_of(lambda: Bundle(str(path))) == "E_BUNDLE"
    assert code_of(lambda: Bundle(str(path.parent))) == "E_INPUT"


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe")
    assert code_of(lambda: Bundle(str(tmp_path / "pipe"))) == "E_INPUT"


def test_a_bomb_is_not_unpacked(path: Path) -> None:
    whole = path.read_bytes()
    size = int.from_bytes(whole[14:_HEAD], "big")
    index = json.loads(whole[_HEAD : _HEAD + size])
    bomb = compress(bytes(300_000_000))
    index["blobs"] = [{"digest": index["origins"][0]["libraries"][0]["document"], "packed": len(bomb)}]
    text = json.dumps(index).encode()
    path.write_bytes(whole[:14] + len(text).to_bytes(8, "big") + text + bomb)
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert code_of(lambda: fetch(path)) == "E_BUNDLE"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


def test_a_blob_of_which_a_byte_was_changed_is_refused(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    whole[-len(whole) // 4] ^= 1
    path.write_bytes(whole)
    (source,) = Bundle(str(path)).sources
    outcomes = []
    for operation in (
        lambda: fetch(path),
        lambda: drive(source.fetch_module(hashlib.sha256(MODULE).hexdigest(), len(MODULE))),
        lambda: drive(source.fetch_trust()),
    ):
        try:
            operation()
        except CodiError as error:
            outcomes.append(error.code)
    assert outcomes == ["E_BUNDLE"]
