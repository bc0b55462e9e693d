"""Trust documents in words: lengths of time, fingerprints, and what changed."""

from __future__ import annotations

from codi_tui.operations.trust_words import ago, changes, fingerprint_lines, read_fingerprint, until
from codi_tui.trust.document import TrustDocument, pin, root_fingerprint
from support.libraries import KEY, OTHER_KEY
from support.roots import content, entry, id_of, rule, sign
from support.trust import NOW, ORIGIN

HEX = "0123456789abcdef" * 4


def document(**members: object) -> TrustDocument:
    data = sign(content(**members), signers=members.get("root", (0,)))  # type: ignore[arg-type]
    return pin(data, origin=ORIGIN, fingerprint=root_fingerprint(data))


def test_times_ahead_and_behind() -> None:
    assert until("2026-11-25T00:00:00Z", NOW) == "expires in 3 days"
    assert until("2026-11-22T00:00:00Z", NOW) == "expired less than a minute ago"
    assert ago(0, NOW) == "never"
    assert ago(NOW + 500, NOW) == "less than a minute ago"


def test_a_fingerprint_is_read_as_it_is_shown() -> None:
    lines = fingerprint_lines(HEX)
    assert lines == ["0123 4567 89ab cdef 0123 4567 89ab cdef"] * 2
    for text in (HEX, HEX.upper(), " ".join(lines), ":".join(HEX[at : at + 2] for at in range(0, 64, 2))):
        assert read_fingerprint(text) == HEX
    for text in ("", HEX[:-1], HEX + "0", HEX[:-1] + "g", "0x" + HEX):
        assert read_fingerprint(text) is None


def test_every_difference_has_its_line() -> None:
    before = document(
        keys=[entry(KEY, "active"), entry(OTHER_KEY, "active")],
        rules=[rule("a"), rule("b")],
        reserved=["x"],
        min_sequence={"a": 3},
    )
    now = document(
        version=2,
        root=(1,),
        keys=[entry(KEY, "retired")],
        rules=[rule("a"), rule("c")],
        reserved=["y"],
        min_sequence={"b": 4},
    )
    lines = changes(before, now)
    for said in (
        f"key {id_of(KEY)} retired (it was active)",
        f"key removed: {id_of(OTHER_KEY)}",
        "rule removed: b",
        f"rule added: c needs 1 signature of {id_of(KEY)}",
        "kept free now: y",
        "no longer kept free: x",
        "a: no release is withdrawn now",
        "b: releases below 4 are withdrawn",
    ):
        assert said in lines
    assert not any("rule" in line and " a " in line for line in lines)
    assert sum(line.startswith("root key ") for line in lines) == 2


def test_nothing_but_the_version() -> None:
    assert len(changes(document(), document(version=2))) == 1
