"""Modules made by hand, byte for byte: what no assembler would write."""

from __future__ import annotations


def number(value: int) -> bytes:
    """LEB128, unsigned."""
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def section(kind: int, *items: bytes) -> bytes:
    """A section that is a list."""
    body = number(len(items)) + b"".join(items)
    return bytes([kind]) + number(len(body)) + body


def branch_bomb(tables: int, results: int = 1_000, targets: int = 65_000) -> bytes:
    """Branch tables to a block of many results: checking takes `results * targets` steps for each `targets` bytes."""
    nothing, many = b"\x60\0\0", b"\x60\0" + number(results) + b"\x7f" * results
    table = b"\x41\0\x0e" + number(targets) + bytes(targets) + b"\0"
    code = b"\0\x02\1\0" + table * tables + b"\x0b" + b"\x1a" * results + b"\x0b"
    return b"\0asm\1\0\0\0" + section(1, nothing, many) + section(3, b"\0") + section(10, number(len(code)) + code)


def compile_bomb(size_bytes: int) -> bytes:
    """One function in which every branch leaves with hundreds of values that are still wanted.

    It is checked in a millisecond; the time to compile it grows faster than its size.
    """
    values = 200
    unit = b"".join(
        b"\x20%b\x20%b\x6a\x22%b\x0d\0" % (number(at), number((at * 7 + 1) % values), number((at * 13 + 5) % values))
        for at in range(values)
    )
    code = b"\1" + number(values) + b"\x7f\x03\x40" + unit * (size_bytes // len(unit)) + b"\x0b\x0b"
    return b"\0asm\1\0\0\0" + section(1, b"\x60\0\0") + section(3, b"\0") + section(10, number(len(code)) + code)
