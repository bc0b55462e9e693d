"""One bounded function for zstd: exactly one whole frame that states its size (trust facts F2, attack D4)."""

from __future__ import annotations

import struct
import subprocess
import sys
import time

import pytest
import zstandard

from codi_tui.cache.zstd import compress, decompress
from codi_tui.errors import CacheError
from codi_tui.limits import MIB

GOOD = compress(b"hello " * 100)
BLOCK = 128 * 1024


def refused(data: bytes, limit: int = MIB) -> None:
    began = time.perf_counter()
    with pytest.raises(CacheError) as caught:
        decompress(data, limit)
    assert caught.value.code == "E_ZSTD"
    assert time.perf_counter() - began < 0.5


def hand_made(stated_size: int, blocks: int, *, window: int = 0x68) -> bytes:
    """A frame of RLE blocks, four bytes for 128 KiB each, that states whatever size it likes."""
    header = b"\x28\xb5\x2f\xfd" + bytes([0x80, window]) + struct.pack("<I", stated_size)
    body = b"".join(struct.pack("<I", (BLOCK << 3) | 2 | (at == blocks - 1))[:3] + b"\0" for at in range(blocks))
    return header + body


def unsized(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_content_size=False).compress(data)


@pytest.mark.parametrize("data", [b"", b"x", b"hello" * 1000, bytes(300_000), bytes(range(256)) * 999])
def test_what_was_compressed_comes_back(data: bytes) -> None:
    assert decompress(compress(data), len(data)) == data


def test_a_hand_made_frame_that_tells_the_truth_passes() -> None:
    assert decompress(hand_made(2 * BLOCK, 2), MIB) == bytes(2 * BLOCK)


def test_the_limit_is_exact() -> None:
    data = compress(bytes(1_000))
    assert len(decompress(data, 1_000)) == 1_000
    refused(data, 999)
    refused(data, 0)


def test_a_bomb_that_states_its_size_is_refused() -> None:
    refused(hand_made(512 * BLOCK, 512))
    refused(hand_made(0xFFFF_FFFF, 8))


def test_a_bomb_that_does_not_state_its_size_is_refused() -> None:
    refused(unsized(bytes(50 * MIB)))


def test_a_small_record_that_does_not_state_its_size_is_refused() -> None:
    refused(unsized(b"hello"))


@pytest.mark.parametrize("stated", [0, 1, BLOCK - 1, BLOCK + 1, 3 * BLOCK])
def test_a_record_that_lies_about_its_size_is_refused(stated: int) -> None:
    refused(hand_made(stated, 1))


def test_a_bomb_that_lies_about_its_size_is_stopped_early() -> None:
    refused(hand_made(300, 2_000))


def test_a_window_beyond_the_bound_is_refused() -> None:
    refused(hand_made(BLOCK, 1, window=0xF8))


@pytest.mark.attack("D4")
def test_every_truncation_is_refused() -> None:
    for length in range(len(GOOD)):
        refused(GOOD[:length])


@pytest.mark.parametrize("tail", [b"\0", b"x", GOOD, compress(b""), struct.pack("<II", 0x184D2A50, 0), b"x" * 1_000])
def test_bytes_behind_the_end_are_refused(tail: bytes) -> None:
    refused(GOOD + tail)


def test_a_frame_that_ends_on_a_step_and_goes_on_is_refused() -> None:
    noise = bytes(value * value % 251 for value in range(4096))
    for size in range(200, 300):
        data = compress(noise[:size])
        if len(data) % 256 == 0:
            refused(data + b"x")
            return
    pytest.fail("no frame of 256 bytes was found")


@pytest.mark.attack("D4")
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x28",
        b"\x28\xb5\x2f\xfd",
        b"not zstd",
        bytes(13),
        b"\x28\xb5\x2f\xfd\xe0" + b"\xff" * 8,
        b"\x28\xb5\x2f\xfd\x20\x05\x07\x00\x00",
        struct.pack("<II", 0x184D2A50, 4) + b"abcd",
        struct.pack("<II", 0x184D2A50, 0) + GOOD,
    ],
    ids=[
        "empty",
        "one byte",
        "magic",
        "text",
        "zeros",
        "13 bytes, memory error",
        "reserved block",
        "skippable",
        "skippable first",
    ],
)
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    refused(data)


def test_an_empty_skippable_frame_is_no_record() -> None:
    refused(struct.pack("<II", 0x184D2A50, 0))


def test_a_wrong_checksum_is_refused() -> None:
    data = bytearray(zstandard.ZstdCompressor(write_checksum=True).compress(b"hello"))
    assert decompress(bytes(data), MIB) == b"hello"
    data[-1] ^= 1
    refused(bytes(data))


def test_every_flipped_byte_is_refused_or_changes_what_comes_out_within_the_limit() -> None:
    for at in range(len(GOOD)):
        changed = bytearray(GOOD)
        changed[at] ^= 0xFF
        try:
            assert len(decompress(bytes(changed), 600)) <= 600
        except CacheError:
            continue


@pytest.mark.attack("D4")
def test_a_bomb_takes_little_memory() -> None:
    script = (
        "import sys\nfrom codi_tui.cache.zstd import decompress\nfrom codi_tui.errors import CacheError\n"
        "def peak(): return int(next(l for l in open('/proc/self/status') if l.startswith('VmHWM')).split()[1])\n"
        "before = peak()\n"
        "try:\n decompress(sys.stdin.buffer.read(), 1 << 20)\n"
        "except CacheError:\n print(peak() - before >> 10)"
    )
    for bomb in (hand_made(1 << 30, 8192), hand_made(300, 8192), hand_made(1 << 20, 8192), unsized(bytes(64 * MIB))):
        done = subprocess.run([sys.executable, "-c", script], input=bomb, capture_output=True, check=True, timeout=60)
        assert int(done.stdout) < 32


@pytest.mark.parametrize("data", ["text", 5, None, 1.5])
def test_what_is_no_bytes_is_refused(data: object) -> None:
    refused(data)  # type: ignore[arg-type]
