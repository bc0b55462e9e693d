"""Versions, addresses, names, permissions, base64, frames and manifests: hostile input, and a second opinion on it."""

from __future__ import annotations

import base64
import binascii
import copy
import itertools
import json
import unicodedata
from typing import Any

import pytest
import semver
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from codi_tui.cache import compress, decompress
from codi_tui.cache.sqlite import _by_version
from codi_tui.config import parse_origin
from codi_tui.errors import CacheError, DocumentError
from codi_tui.limits import MIB
from codi_tui.model.arguments import command_schema
from codi_tui.model.manifest import LibraryManifest
from codi_tui.model.names import is_name, split_command
from codi_tui.model.schema import validate_manifest
from codi_tui.text import sanitize
from codi_tui.trust.envelope import _decode_base64
from support.libraries import manifest, subcommand

FEW = settings(max_examples=80, deadline=None, derandomize=True)

# Versions

IDENTIFIER = st.sampled_from(["0", "1", "9", "10", "11", "a", "b", "alpha", "beta", "rc", "A", "-", "1a", "0a", "x-y"])
NUMBER = st.sampled_from([0, 1, 2, 9, 10, 11, 99, 2**40])
VERSION = st.builds(
    lambda numbers, pre, build: (
        ".".join(map(str, numbers)) + (f"-{'.'.join(pre)}" if pre else "") + (f"+{'.'.join(build)}" if build else "")
    ),
    st.tuples(NUMBER, NUMBER, NUMBER),
    st.lists(IDENTIFIER, max_size=3),
    st.lists(IDENTIFIER, max_size=2),
)


def by_hand(version: str) -> tuple[Any, ...]:
    """The order of semver 2.0, paragraph 11, written out."""
    core, _, pre = version.partition("+")[0].partition("-")
    identifiers = [
        (0, int(part), "") if part.isascii() and part.isdigit() else (1, 0, part) for part in pre.split(".") if pre
    ]
    return (*map(int, core.split(".")), not pre, identifiers)


@FEW
@given(st.lists(VERSION, min_size=2, max_size=6))
def test_versions_order_as_the_semver_library_and_the_standard_have_it(versions: list[str]) -> None:
    rows = [("", version) for version in versions]
    ordered = [row[1] for row in _by_version(rows)]
    assert [by_hand(version) for version in ordered] == sorted(by_hand(version) for version in versions)
    keys = [semver.Version.parse(version) for version in ordered]
    assert all(low.compare(high) <= 0 for low, high in itertools.pairwise(keys))


@FEW
@given(VERSION | st.text(st.sampled_from("0123456789.-+aA \n٣"), max_size=12))
def test_the_schema_takes_the_versions_that_the_semver_library_takes(version: str) -> None:
    try:
        semver.Version.parse(version)
        sound = version.isascii() and not version.endswith("\n")
    except ValueError:
        sound = False
    try:
        validate_manifest(manifest(version=version))
    except DocumentError:
        assert not sound, version
    else:
        assert sound, version


# Addresses

ORIGIN_TRICKS = [
    "https://good.example@evil.example", "https://good.example:443@evil.example", "https://:@evil.example",
    "https://good.example%40evil.example", "https://good.example\\@evil.example", "https://good.example\\.evil.example",
    "https:\\\\evil.example", "https:/evil.example", "https:///evil.example", "///evil.example", "//evil.example",
    "https://xn--80ak6aa92e.com/..", "https://аррӏе.com", "https://ⓔxample.com", "https://example。com",
    "https://example．com", "https://example｡com", "https://exa\u00admple.com", "https://example.com\u2044path",
    "https://0177.0.0.1", "https://0x7f.0.0.1", "https://0x7f000001", "https://2130706433", "https://127.1",
    "https://127.0.1", "https://1.2.3.4.5", "https://127.0.0.01", "https://127.0.0.256", "https://٠.٠.٠.٠",
    "https://[::ffff:127.0.0.1]", "https://[::ffff:7f00:1]", "https://[0:0:0:0:0:0:0:1]", "https://[::0001]",
    "https://[::1%25lo]", "https://[::1]evil.example", "https://[fe80::1%eth0]", "https://[v1.x]", "https://[:::]",
    "https://evil.example.", "https://evil.example..", "https://.evil.example", "https://evil..example",
    "https://evil.example:0", "https://evil.example:65536", "https://evil.example:٤٤٣", "https://evil.example:+443",
    "https://evil.example: 443", "https://evil.example:443:443", "https://evil.example:4 43", "https://evil.example:",
    "https://evil.example//", "https://evil.example/./", "https://evil.example/x/..", "https://evil.example?",
    "https://evil.example#", "https://evil.example#@good.example", "https://evil.example;x", "https://evil.example/;x",
    " https://evil.example", "https://evil.example ", "\thttps://evil.example", "https://evil.example\n",
    "https://evil\t.example", "ht\ntps://evil.example", "https://evil.example\0", "\ufeffhttps://evil.example",
    "https://-evil.example", "https://evil-.example", f"https://{'a' * 64}.example", f"https://{'a.' * 127}example",
    "https://evil_x.example", "https://*.example", "https://$HOME", "https://%6c%6fcalhost", "https+x://evil.example",
    "data:text/html,x", "file://localhost/etc", "wss://evil.example", "HTTPS://evil.example", "https://EVIL.example",
]  # fmt: skip


@pytest.mark.parametrize("url", ORIGIN_TRICKS)
@pytest.mark.parametrize("loopback", [False, True])
def test_an_address_that_tricks_another_reader_is_refused(url: str, loopback: bool) -> None:
    with pytest.raises(ValueError, match="server"):
        parse_origin(url, insecure_loopback=loopback)


@pytest.mark.parametrize(
    "url",
    ["http://localhost.evil.example", "http://127.0.0.1.evil.example", "http://127.0.0.2", "http://0.0.0.0", "http://[::]",
     "http://localhost@evil.example", "http://localhost.", "http://10.0.0.1", "http://169.254.169.254"],
)  # fmt: skip
def test_what_only_looks_like_loopback_is_not_reached_in_the_clear(url: str) -> None:
    with pytest.raises(ValueError, match="server"):
        parse_origin(url, insecure_loopback=True)


@FEW
@given(
    st.text(st.sampled_from("htps:/.@[]%\\#?0123456789abcdefx-_ \n。"), max_size=30).map(lambda tail: f"https://{tail}")
)
def test_an_accepted_origin_is_what_the_standard_library_reads(url: str) -> None:
    from urllib.parse import urlsplit

    try:
        origin = parse_origin(url)
    except ValueError:
        return
    parts = urlsplit(origin)
    assert (parts.scheme, parts.path, parts.query, parts.fragment) == ("https", "", "", "")
    assert parts.username is parts.password is None
    assert parts.hostname is not None
    assert parts.hostname.isascii()
    assert parse_origin(origin) == origin


# Names

LOOK_ALIKES = [
    "Deploy", "DEPLOY", "dEploy", "deploy ", " deploy", "deploy\t", "deploy\n", "deploy\r", "deploy\0", "deploy\u200b",
    "dep\u200dloy", "deploy\ufeff", "de\u00adploy", "\u202edeploy", "deploy\u202c", "deploy\ufe0f", "deploy\U000e0041",
    "dерloy", "deplоy", "dеploy", "ԁeploy", "deрloy", "dep1oy\u0301", "déploy", "de\u0301ploy", "ｄeploy", "𝐝eploy",
    "ⅾeploy", "deploy․x", "deploy．x", "deploy.", ".deploy", "-deploy", "_deploy", "dep_loy", "1deploy", "٣deploy",
    "deploy/", "../deploy", "deploy%20", "deploy:", "deploy@1", "", "d" * 64, "dep–loy", "dep‐loy", "deploy\u0338",
]  # fmt: skip


def test_there_are_enough_look_alikes() -> None:
    assert len(set(LOOK_ALIKES)) == 47


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_a_look_alike_is_no_name_anywhere(name: str) -> None:
    assert not is_name(name)
    assert split_command(f"{name}:demo.run") is None or name == ""
    assert split_command(f"demo.{name}") is None
    assert split_command(f"{name}.run") is None
    group = {"description": "", "subcommands": {"run": subcommand()}}
    parameter = {"name": name, "type": "string", "description": ""}
    sources = [
        manifest(library={"name": name}),
        manifest(library={"dependencies": [name]}),
        manifest(commands={name: group}),
        manifest(commands={"demo": {"description": "", "subcommands": {name: subcommand()}}}),
    ]
    if name != "dep_loy":  # an option may have an underscore
        sources.append(
            manifest(commands={"demo": {"description": "", "subcommands": {"run": subcommand(options=[parameter])}}})
        )
    accepted = [at for at, source in enumerate(sources) if is_valid(source)]
    assert accepted == ([1] if name == "deploy@1" else [])  # a dependency may have a version


def is_valid(source: dict[str, Any]) -> bool:
    try:
        validate_manifest(source)
    except DocumentError:
        return False
    return True


@FEW
@given(st.text(max_size=70))
def test_a_name_is_what_the_pattern_says(text: str) -> None:
    import re

    assert is_name(text) == bool(re.fullmatch(r"[a-z][a-z0-9-]{0,62}", text, re.ASCII))


# Permissions

PERMISSION_TRICKS = [
    "clock ", " clock", "Clock", "clock\n", "random,clock", "net", "net:", "net:a/b", "net:a:b", "net:a:443:443",
    "net:user@a", "net:a#x", "net:a?x", "net:а.example", "net:a.example\u200b", "net:[::1]", "net:a:٤٤٣", "net:a:123456",
    "ws:", "ws:server:443:1", "ws:a\\b", "fs:read:", "fs:read", "fs:", "fs:exec:/", "fs:READ:/x", "fs:read:/x\n",
    "fs:read:/x\u202e", "fs:read:/\x1b[2J", "fs:read:/x\0", "fs:write:/\u200b", "fs:read:" + "x" * 1_025, "env:", "env:A=B",
    "env:A B", "env:1A", "env:É", "env:*", "secret:", "secret:a-b", "secret:*", "local:", "local:os system", "local:Os",
    "local:../x", "*", "all", "root", "",
]  # fmt: skip


@pytest.mark.parametrize("permission", PERMISSION_TRICKS)
def test_a_permission_that_is_none_is_refused(permission: str) -> None:
    assert not is_valid(manifest(library={"permissions": [permission]}))


@FEW
@given(st.sampled_from(["net:", "ws:", "fs:read:", "env:", "secret:", "local:", ""]), st.text(max_size=12))
def test_an_accepted_permission_shows_all_of_itself(kind: str, text: str) -> None:
    permission = kind + text
    if is_valid(manifest(library={"permissions": [permission]})):
        assert sanitize(permission) == permission
        assert "\n" not in permission


# Base64


@pytest.mark.attack("B9")
@FEW
@given(
    st.binary(max_size=30).map(lambda data: base64.b64encode(data).decode())
    | st.text(st.sampled_from("ABCZabcz0189+/=-_ \n\té\ud800"), max_size=12)
)
def test_base64_has_exactly_one_spelling(text: str) -> None:
    try:
        data = _decode_base64(text)
    except DocumentError as error:
        assert error.code == "E_BASE64"  # noqa: PT017 - either outcome is right, for the right text
        ascii_text = text.encode(errors="replace")
        try:
            assert base64.b64encode(base64.b64decode(ascii_text)) != ascii_text
        except binascii.Error:
            pass
    else:
        assert base64.b64encode(data).decode() == text


# Frames


def frame(data: bytes, **options: Any) -> bytes:
    return zstandard.ZstdCompressor(**options).compress(data)


def changed(data: bytes, at: int, bit: int) -> bytes:
    return data[: at % len(data)] + bytes([data[at % len(data)] ^ 1 << bit]) + data[at % len(data) + 1 :]


@pytest.mark.attack("D4")
@FEW
@given(
    st.binary(max_size=300), st.integers(0, 2_000), st.integers(0, 7), st.sampled_from(["flip", "cut", "twice", "tail"])
)
def test_a_changed_frame_with_a_checksum_is_refused(data: bytes, at: int, bit: int, how: str) -> None:
    good = frame(data, write_checksum=True)
    bad = {
        "flip": changed(good, at, bit),
        "cut": good[: at % len(good)],
        "twice": good + good,
        "tail": good + bytes([bit]) * (1 + at % 50),
    }[how]
    try:
        found = decompress(bad, 10_000)
    except CacheError:
        return
    assert how == "flip"
    assert found == data  # a bit that nothing depends on: reserved, or unused in the header


@pytest.mark.attack("D4")
@FEW
@given(st.binary(max_size=20), st.integers(0, 15), st.binary(max_size=20))
def test_a_skippable_frame_beside_a_record_is_refused(payload: bytes, kind: int, data: bytes) -> None:
    skippable = bytes([0x50 + kind]) + b"\x2a\x4d\x18" + len(payload).to_bytes(4, "little") + payload
    for bad in (skippable, skippable + compress(data), compress(data) + skippable, skippable * 2):
        with pytest.raises(CacheError):
            decompress(bad, MIB)


@pytest.mark.attack("D4")
def test_a_record_that_needs_a_dictionary_is_refused() -> None:
    samples = [f"sample {number} of the dictionary".encode() * 3 for number in range(500)]
    dictionary = zstandard.train_dictionary(2_000, samples)
    for data in samples[:20]:
        with pytest.raises(CacheError):
            decompress(zstandard.ZstdCompressor(dict_data=dictionary).compress(data), MIB)


@pytest.mark.attack("D4")
@pytest.mark.parametrize("log", range(10, 32))
def test_a_window_is_bounded_by_the_record(log: int) -> None:
    """A frame may ask for a window of gigabytes for five bytes of content."""
    header = b"\x28\xb5\x2f\xfd\x80" + bytes([(log - 10) << 3]) + (5).to_bytes(4, "little")
    data = header + b"\x29\x00\x00hello"
    if log <= 23:
        assert decompress(data, MIB) == b"hello"
    else:
        with pytest.raises(CacheError):
            decompress(data, MIB)


# Manifests

PARAMETER = {
    "name": "x", "type": "string", "description": "d", "required": False, "default": "a", "enum": ["a", "b"],
    "min_length": 0, "max_length": 9, "multiple": False, "secret": False, "placeholder": "X",
}  # fmt: skip
FULL = manifest(
    commands={
        "demo": {
            "description": "Group",
            "subcommands": {
                "run": subcommand(
                    arguments=[PARAMETER],
                    options=[{"name": "y", "type": "integer", "description": "", "minimum": 1, "maximum": 9, "short": "y"}],
                    handler={
                        "type": "wasm", "function": "main", "output": "json", "limits": {"wall_seconds": 1},
                        "fallback": {"type": "websocket", "endpoint": "wss://a.example/run"},
                    },
                    examples=[{"description": "d", "command": "c"}],
                    annotations={"destructive": True},
                )
            },
        }
    },
    library={"permissions": ["clock"], "dependencies": ["other@^1"], "requires": []},
)  # fmt: skip
SPOILERS = st.one_of(
    st.sampled_from([None, True, 0, -1, 2**53, 10**400, "", "x", "\ud800", "\x1b[2J", [], {}, [[]], [None], {"": None}, "x" * 5_000]),
    st.text(max_size=5),
    st.lists(st.none() | st.text(max_size=2), max_size=3),
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inside for place in places(item, (*path, key)))]


PLACES = places(FULL)[1:]


@pytest.mark.attack("B11")
@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.sampled_from(PLACES), SPOILERS), min_size=1, max_size=2))
def test_a_spoilt_manifest_is_refused_or_read_without_an_error(spoilt: list[tuple[tuple[Any, ...], Any]]) -> None:
    source = copy.deepcopy(FULL)
    for path, value in spoilt:
        at: Any = source
        try:
            for key in path[:-1]:
                at = at[key]
            at[path[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue
    if is_valid(source):
        read_everything(LibraryManifest(source))


def read_everything(view: LibraryManifest) -> None:
    """What the rest of codi reads of a manifest that was let in."""
    library = view.library
    assert all(isinstance(item, str) for item in (library.name, library.version, library.description))
    assert all(isinstance(item, str) for item in (*library.permissions, *library.dependencies))
    assert True
    for command in view.walk():
        assert view.find(command.path) is not None
        json.dumps(command_schema(command))
        handler = command.handler
        while handler is not None:
            assert handler.handler_type in ("wasm", "local", "websocket")
            assert isinstance(handler.limits, dict)
            handler = handler.fallback
        assert isinstance(command.examples, list)
        assert isinstance(command.annotations, dict)


# Text

VISIBLE_FORMAT = {
    *range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD,
}  # fmt: skip
"""Signs that stand before or around a number: of the category of invisible format characters, and visible."""
SAMPLES = [
    "Всички хора се раждат свободни", "Όλοι οι άνθρωποι γεννιούνται", "Bütün insanlar hür doğar", "כל בני האדם נולדו בני חורין",
    "يولد جميع الناس أحرارًا", "सभी मनुष्यों को गौरव", "সমস্ত মানুষ স্বাধীনভাবে", "ਸਾਰਾ ਮਨੁੱਖੀ ਪਰਿਵਾਰ", "બધા માનવો જન્મથી", "ସବୁ ମନୁଷ୍ୟ",
    "மனிதப் பிறவியினர்", "ప్రతిపత్తిస్వత్వముల", "ಎಲ್ಲಾ ಮಾನವರೂ", "മനുഷ്യരെല്ലാവരും", "සියලු මනුෂ්‍යයෝ".replace("\u200d", ""), "มนุษย์ทั้งหลายเกิดมา",
    "ມະນຸດທຸກຄົນ", "འགྲོ་བ་མིའི་རིགས་རྒྱུད", "လူတိုင်းသည်", "ყველა ადამიანი", "Բոլոր մարդիկ", "የሰው ልጅ ሁሉ", "ᏂᎦᏓ ᎠᏂᏴᏫ",
    "មនុស្សទាំងអស់", "人人生而自由", "すべての人間は", "모든 인간은", "ㄖㄣˊ ㄖㄣˊ", "ꆏꊈꁱꂷ", "ⵉⵎⴷⴰⵏⵏ", "𐌰𐌻𐌻𐌰𐌹", "𒀀𒁀", "𓀀𓁐", "Tất cả mọi người", "Z̃ọ̈",
    "🙂 👍🏽 ❤️ ☀︎ 🇫🇷 1️⃣", "∀x∈ℝ: ⌈x⌉ = −⌊−x⌋, α≠β", "┌─┐│└┘▓", "a\u00a0b\u2003c", "1\u202f000 €",
]  # fmt: skip


@pytest.mark.parametrize("text", SAMPLES)
def test_text_of_every_script_is_kept(text: str) -> None:
    assert sanitize(text) == text


@pytest.mark.attack("F-3")
def test_every_code_point_is_shown_or_replaced() -> None:
    for start in range(0, 0x110000, 0x1000):
        between = "\ue000" if start == 0 else "x"  # a character that is not in this block, nor in `<U+…>`
        block = range(start, start + 0x1000)
        shown = sanitize(between.join(map(chr, block))).split(between)
        for char, text in zip(block, shown, strict=True):
            passes, kind = text == chr(char), unicodedata.category(chr(char))
            if kind in ("Cc", "Cs", "Zl", "Zp"):
                assert passes == (char in (0x09, 0x0A)), hex(char)
            elif kind == "Cf":
                assert passes == (char in VISIBLE_FORMAT), hex(char)
            else:
                assert passes or text == f"<U+{char:04X}>", hex(char)
