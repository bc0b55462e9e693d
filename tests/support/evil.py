"""An evil library server and an evil disk: honest until `turn()`, then bad in the way that their switch names.

`SWITCHES` is the table: what each does, and what codi has to answer. A switch's name begins with its row of
docs/attacks.md (`A1.unsigned` is one of A1's). The disk's are those of section D.
"""

from __future__ import annotations

import base64
import copy
import functools
import json
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Self

from nacl.signing import SigningKey

from codi_tui.cache.zstd import compress
from codi_tui.limits import DOCUMENT_MAX_BYTES, TRUST_CHAIN_MAX
from codi_tui.model.times import timestamp
from codi_tui.trust import canonical_json
from codi_tui.trust.signature import key_id
from support.libraries import KEY, OTHER_KEY, manifest, printing, publish, signed, subcommand, wasm
from support.roots import content, entry, id_of, rule, sign
from support.server import Answer, Server, body
from support.trust import sign_anything

HOUR = 60 * 60
HONEST_CLOCK = -2 * HOUR
"""Seconds from now at which the honest run takes place: long enough ago that trust documents are asked for again."""

GOOD, EVIL = b"hello\n", b"evil\n"
THIRD_KEY = SigningKey(b"\x09" * 32)
SMALL_ORDER = bytes([1, *bytes(31)])
"""The neutral point: under it, itself and zero sign everything."""

GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493
KEYS = {KEY: ["demo", "demo-*"], OTHER_KEY: ["other"]}
"""What the settings trust, and what the pinned trust document says."""

REGISTRY = "https://staging.example.com"


def when(seconds: int) -> str:
    """A time, from now."""
    return timestamp(time.time() + seconds)


def release(
    sequence: int = 6,
    prints: bytes = EVIL,
    *,
    key: SigningKey = KEY,
    name: str = "demo",
    issued: int = -3 * HOUR,
    commands: dict[str, Any] | None = None,
    **claims: Any,
) -> bytes:
    """A release, well signed by a key; its command prints what it is told to."""
    members = {} if commands is None else {"commands": commands}
    source = manifest(name, f"1.{min(sequence, 99)}.0", library=claims, **members)
    return signed(source, wasm(printing(1, prints)), key=key, sequence=sequence, issued_at=when(issued))


def parsed(data: bytes | None = None) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(data or release())
    return document


def dumped(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def signed_by(data: bytes, *keys: SigningKey) -> bytes:
    """The same release with a list of signatures."""
    document = parsed(data)
    for member in ("signature", "key_id"):
        del document["library"][member]
    message = copy.deepcopy(document)
    del message["wasm_module"]["data"]
    document["library"]["signatures"] = [
        {"key_id": id_of(key), "sig": key.sign(canonical_json(message)).signature.hex()} for key in keys
    ]
    return dumped(document)


def resigned(change: Callable[[dict[str, Any]], Any], **claims: Any) -> bytes:
    """A release changed at will by its publisher, and signed."""
    document = parsed(release(**claims))
    change(document)
    return sign_anything(document)


def unsigned(**claims: Any) -> bytes:
    """A release without a signature."""
    document = parsed(release(**claims))
    del document["library"]["signature"]
    return dumped(document)


def tampered(old: bytes, new: bytes) -> bytes:
    """A release with bytes changed after it was signed."""
    data = release()
    assert old in data
    return data.replace(old, new, 1)


def with_signature(change: Callable[[bytes], object]) -> bytes:
    """A release with another spelling of its signature."""
    document = parsed()
    document["library"]["signature"] = change(bytes.fromhex(document["library"]["signature"]))
    return dumped(document)


def with_base64(change: Callable[[str], str]) -> bytes:
    document = parsed()
    document["wasm_module"]["data"] = change(document["wasm_module"]["data"])
    return dumped(document)


def with_module(data: bytes) -> bytes:
    document = parsed()
    document["wasm_module"]["data"] = base64.b64encode(data).decode()
    return dumped(document)


def with_command(**members: Any) -> bytes:
    """A release whose command says something else about itself."""
    return resigned(lambda document: document["commands"]["demo"]["subcommands"]["run"].update(members))


def with_pattern(sequence: int) -> bytes:
    """A release with an option that has a pattern."""
    option = {"name": "x", "type": "string", "description": "", "pattern": "(a+)+$"}
    command = {"description": "", "subcommands": {"run": subcommand(options=[option])}}
    return release(sequence, GOOD, commands={"demo": command})


def forged() -> bytes:
    """A release that nobody signed, which holds under a small-order key."""
    document = parsed()
    document["library"]["key_id"] = key_id(SMALL_ORDER)
    document["library"]["signature"] = (SMALL_ORDER + bytes(32)).hex()
    return dumped(document)


def trust(version: int = 1, signers: tuple[int, ...] = (0,), **members: Any) -> bytes:
    """A trust document that says the same as the settings, unless told otherwise."""
    said = {
        "expires_at": when(1_000 * HOUR),
        "keys": [entry(key, "active") for key in (KEY, OTHER_KEY, THIRD_KEY)],
        "rules": [rule(*names, keys=[key]) for key, names in KEYS.items()],
    }
    return sign(content(version, **{**said, **members}), signers)


class EvilServer:
    """A loopback library server. It has `demo`, release 5, and `other`, until it turns.

    Attributes:
        origin: its address.
        pinned: the trust document that its users have accepted, if any.
    """

    def __init__(self, folder: Path, switch: str) -> None:
        self._switch = SWITCHES[switch]
        self.pinned = None if self._switch.pinned is None else self._switch.pinned()
        good = release(5, GOOD) if self._switch.honest is None else self._switch.honest()
        publish(folder, good, release(1, b"other\n", key=OTHER_KEY, name="other"))
        self._server = Server(folder)
        self.origin = self._server.origin

    def turn(self) -> None:
        """Be evil from now on."""
        self._switch.turn(self)

    def serve(self, data: bytes, **headers: str) -> None:
        """Answer with this document when `demo` is asked for."""
        self._server.answers["/api/v1/libraries/demo"] = body(data, **headers)

    def answer(self, answer: Answer) -> None:
        """Answer so when `demo` is asked for."""
        self._server.answers["/api/v1/libraries/demo"] = answer

    def serve_trust(self, version: int, data: bytes) -> None:
        self._server.answers[f"/api/v1/trust/{version}"] = body(data)
        self._server.answers["/api/v1/trust"] = body(data)

    def serve_module(self, digest: str, data: bytes) -> None:
        self._server.answers[f"/api/v1/blobs/sha256/{digest}"] = body(data)

    def serve_index(self, data: bytes) -> None:
        """Answer with this when somebody asks which library has `demo.run`."""
        self._server.answers["/api/v1/commands/demo.run"] = body(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()


class EvilDisk:
    """The files of a home folder, which somebody else writes to."""

    def __init__(self, home: Path, switch: str) -> None:
        self._switch = SWITCHES[switch]
        self.data = home / ".local/share/coditect/codi"

    def turn(self) -> None:
        self._switch.turn(self)

    def sql(self, script: str, *parameters: object, database: str = "cache.db") -> None:
        """Change a database as another process would."""
        connection = sqlite3.connect(self.data / database, isolation_level=None)
        if parameters:
            connection.execute(script, parameters)
        else:
            connection.executescript(script)
        connection.close()

    def column(self, name: str, library: str = "demo") -> bytes:
        """A column of a library's row."""
        connection = sqlite3.connect(self.data / "cache.db")
        ((value,),) = connection.execute(
            f"SELECT CAST({name} AS BLOB) FROM command_libraries WHERE id LIKE ?", (f"%/{library}",)
        )
        connection.close()
        return bytes(value)

    def flip(self, name: str, at: int) -> None:
        """Flip a bit of a column of `demo`'s row."""
        value = bytearray(self.column(name))
        value[at] ^= 1
        self.sql(f"UPDATE command_libraries SET {name} = ? WHERE id LIKE '%/demo'", bytes(value))

    def flip_artefacts(self) -> None:
        """Flip a bit in the middle of every compiled module."""
        for path in (self.data / "modules").glob("*.bin"):
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 1
            path.write_bytes(data)

    def swap_module(self) -> None:
        """Put another module in `demo`'s place, and drop what was compiled of the right one."""
        shutil.rmtree(self.data / "modules")
        self.sql("UPDATE modules SET data = ?", compress(wasm(printing(1, EVIL))))

    def link(self, name: str) -> None:
        """A symbolic link in place of a file."""
        path = self.data / name
        path.rename(path.with_suffix(".moved"))
        path.symlink_to(path.with_suffix(".moved"))

    def loosen(self) -> None:
        """Let everybody in."""
        self.data.chmod(0o777)
        for name in ("cache.db", "state.db", "audit.log"):
            (self.data / name).chmod(0o666)

    def forget(self, name: str) -> None:
        """Delete a database."""
        for path in self.data.glob(f"{name}*"):
            path.unlink()


class Switch(NamedTuple):
    """What happens, and what codi has to do about it.

    Attributes:
        what: happens, in a line.
        turn: makes it happen.
        code: of the refusal; None when the run goes on, with the right output.
        status: the exit status.
        output: the command's, when the run goes on.
        says: a word of what codi says on stderr.
        audited: the codes in the audit trail; None stands for the refusal's own.
        pinned: makes the trust document that the user has accepted.
        honest: makes the release that the server has before it turns.
        keys: what the settings trust once it has turned, if that changes.
        first: a command that is run before, after the turn.
        words: the command line.
        refetches: whether the cache is deleted, so that the server is asked again.
        honest_clock, clock: the machine's clock then and now, in seconds from the time.
        file_kib: how large files may grow.
        trail: a word of what the audit trail says.
    """

    what: str
    turn: Callable[[Any], None]
    code: str | None
    status: int = 77
    output: bytes = GOOD
    says: str = ""
    audited: tuple[str, ...] | None = None
    pinned: Callable[[], bytes] | None = None
    honest: Callable[[], bytes] | None = None
    keys: dict[bytes, list[str]] | None = None
    first: tuple[str, ...] = ()
    words: tuple[str, ...] = ("demo.run",)
    refetches: bool = True
    honest_clock: int = HONEST_CLOCK
    clock: int = 0
    file_kib: int | None = None
    trail: str = ""


def serving(make: Callable[[], bytes], **headers: str) -> Callable[[EvilServer], None]:
    """Answer with this document instead of the honest one; it is made when the server turns."""
    return lambda evil: evil.serve(make(), **headers)


def nothing(_: object) -> None:
    """The server goes on as it is: time does the rest."""


def stolen_key_is_revoked(evil: EvilServer) -> None:
    evil.serve_trust(2, trust(2, keys=[entry(KEY, "active"), entry(OTHER_KEY, "revoked")], rules=BOTH_SIGN_DEMO))
    evil.serve(release(6, b"honest again\n"))


def revoked(evil: EvilServer) -> None:
    keys = [entry(KEY, "revoked"), entry(OTHER_KEY, "active")]
    evil.serve_trust(2, trust(2, keys=keys))


def module_of_another(evil: EvilServer) -> None:
    document = parsed()
    del document["wasm_module"]["data"]
    evil.serve(dumped(document))
    right = base64.b64decode(parsed()["wasm_module"]["data"])
    assert len(right) == document["library"]["wasm_size"]
    evil.serve_module(document["library"]["wasm_sha256"], right.replace(b"evil", b"EVIL"))


def replay(evil: EvilServer) -> None:
    evil.serve(release(name="demo-two"))


def forged_rotation(evil: EvilServer) -> None:
    evil.serve_trust(2, trust(2, (1,), root=(1,), rules=[rule("demo", keys=[OTHER_KEY])]))
    evil.serve(release(key=OTHER_KEY))


def endless_rotation(evil: EvilServer) -> None:
    for version in range(2, TRUST_CHAIN_MAX + 10):
        evil.serve_trust(version, trust(version))


def first_contact(evil: EvilServer) -> None:
    evil.serve_trust(1, trust())
    evil.serve(release())


def small_order_in_trust(evil: EvilServer) -> None:
    weak = {"key_id": key_id(SMALL_ORDER), "public_key": SMALL_ORDER.hex(), "status": "active", "reason": ""}
    demo = {"libraries": ["demo"], "key_ids": [weak["key_id"]], "threshold": 1}
    evil.serve_trust(2, trust(2, keys=[weak], rules=[demo]))
    evil.serve(forged())


def look_alike_in_index(evil: EvilServer) -> None:
    evil.serve_index('{"library": "d\u0435mo"}'.encode())


BOTH_SIGN_DEMO = [rule("demo", keys=[KEY, OTHER_KEY])]
TWO_OF_THREE = functools.partial(trust, rules=[rule("demo", keys=[KEY, OTHER_KEY, THIRD_KEY], threshold=2)])
TWO_SIGNED = lambda: signed_by(release(5, GOOD), KEY, OTHER_KEY)  # noqa: E731 - a row of the table names it
OFFLINE = ("run", "--offline", "demo.run")
RESERVED_GROUP = {"config": {"description": "", "subcommands": {"run": subcommand()}}}
KEPT_FREE = {"login": {"description": "", "subcommands": {"run": subcommand()}}}
ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c)"
BOMB = b"\x28\xb5\x2f\xfd\xa0" + (1 << 30).to_bytes(4, "little") + b"\x02\x00\x10\x00" * 8_191 + b"\x03\x00\x10\x00"


SWITCHES: dict[str, Switch] = {
    # Section A, who signed it and is it current.
    "A1.unsigned": Switch("no signature", serving(lambda: unsigned()), "E_SIGNATURE"),
    "A1.byte": Switch("one byte flipped", serving(lambda: tampered(b"A library", b"A librarx")), "E_SIGNATURE"),
    "A1.stranger": Switch("signed by nobody's key", serving(lambda: release(key=THIRD_KEY)), "E_SIGNATURE"),
    "A2.rollback": Switch("an older release, well signed", serving(lambda: release(4)), "E_ROLLBACK"),
    "A3.equivocation": Switch("another release 5", serving(lambda: release(5)), "E_EQUIVOCATION", trail="accepted"),
    "A4.freeze": Switch(
        "the same release for ever", nothing, "E_EXPIRED", honest=lambda: release(5, GOOD, expires_at=when(-HOUR))
    ),
    "A4.trust": Switch(
        "no newer trust document, ever", nothing, "E_TRUST_EXPIRED", pinned=lambda: trust(expires_at=when(-HOUR))
    ),
    "A5.fast-forward": Switch(
        "a thief's release is the last possible; its key is revoked",
        stolen_key_is_revoked,
        None,
        output=b"honest again\n",
        pinned=lambda: trust(rules=BOTH_SIGN_DEMO),
        honest=lambda: release(2**53 - 1, GOOD, key=OTHER_KEY),
    ),
    "A6.inside": Switch(
        "another module in the manifest", serving(lambda: with_module(wasm(printing(1, b"x")))), "E_WASM_HASH"
    ),
    "A6.apart": Switch("another module of the same size, as a blob", module_of_another, "E_WASM_HASH"),
    "A7.replay": Switch("another library of the same publisher", replay, "E_NAME_MISMATCH"),
    "A8.scope": Switch(
        "a key that is trusted for another name", serving(lambda: release(key=OTHER_KEY)), "E_KEY_SCOPE"
    ),
    "A8.rule": Switch(
        "the same, by a trust document", serving(lambda: release(key=OTHER_KEY)), "E_KEY_SCOPE", pinned=trust
    ),
    "A9.registry": Switch("signed for another server", serving(lambda: release(registry=REGISTRY)), "E_REGISTRY"),
    "A10.trust": Switch("a trust document in place of the library", serving(trust), "E_SCHEMA"),
    "A10.dressed": Switch(
        "a trust document that has all of a library's members",
        serving(lambda: resigned(lambda document: document.update(json.loads(trust())))),
        "E_TYPE",
    ),
    "A11.threshold": Switch(
        "one signature where two are needed",
        serving(lambda: signed_by(release(), KEY)),
        "E_THRESHOLD",
        pinned=TWO_OF_THREE,
        honest=TWO_SIGNED,
    ),
    "A12.twice": Switch(
        "one key twice",
        serving(lambda: signed_by(release(), KEY, KEY)),
        "E_THRESHOLD",
        pinned=TWO_OF_THREE,
        honest=TWO_SIGNED,
    ),
    "A13.revoked": Switch(
        "the key is revoked; the library is cached, and its user offline",
        revoked,
        "E_KEY_REVOKED",
        pinned=trust,
        first=("other.run",),
        words=OFFLINE,
        refetches=False,
    ),
    "A14.rotation": Switch(
        "a trust document that only its new root signed",
        forged_rotation,
        "E_KEY_SCOPE",
        says="E_THRESHOLD",
        audited=("E_THRESHOLD", "E_KEY_SCOPE"),
        pinned=trust,
    ),
    "A15.endless": Switch(
        "a new trust document for ever",
        endless_rotation,
        None,
        says="E_TRUST_CHAIN",
        audited=("E_TRUST_CHAIN",),
        pinned=trust,
    ),
    "A16.first": Switch("a stranger, with a trust document of its own", first_contact, "E_NO_TRUST", keys={}),
    "A17.future": Switch("issued in the future", serving(lambda: release(issued=HOUR)), "E_CLOCK"),
    "A17.back": Switch(
        "the clock is set back to before the library expired",
        nothing,
        "E_EXPIRED",
        says="clock is more than a day behind",
        honest=lambda: release(5, GOOD, issued=-100 * HOUR, expires_at=when(-50 * HOUR)),
        first=("other.run",),
        words=OFFLINE,
        refetches=False,
        honest_clock=-72 * HOUR,
        clock=-60 * HOUR,
    ),
    "A17.forward": Switch(
        "the clock was far ahead when the library came, and is right again", nothing, None, honest_clock=10 * HOUR
    ),
    "A18.built-in": Switch(
        "a group named as a built-in",
        serving(lambda: resigned(lambda document: document["commands"].update(RESERVED_GROUP))),
        "E_NAME_RESERVED",
    ),
    "A18.kept-free": Switch(
        "a group that the operator keeps free",
        serving(lambda: resigned(lambda document: document["commands"].update(KEPT_FREE))),
        "E_NAME_RESERVED",
        pinned=lambda: trust(reserved=["login"]),
    ),
    "A19.library": Switch(
        "a name with a zero-width space",
        serving(lambda: resigned(lambda document: document["library"].update(name="demo\u200b"))),
        "E_NAME_MISMATCH",
    ),
    "A19.index": Switch("an index that names a look-alike", look_alike_in_index, "E_NOT_FOUND", 66, audited=()),
    "A20.algorithm": Switch(
        "a document that says it needs no signature",
        serving(lambda: unsigned(alg="none", algorithm="none")),
        "E_SIGNATURE",
    ),
    # Section B, bytes.
    "B1.twice": Switch(
        "a member twice", serving(lambda: tampered(b'"handler": {', b'"handler": {}, "handler": {')), "E_JSON"
    ),
    "B2.float": Switch("6.0 for 6", serving(lambda: tampered(b'"sequence": 6', b'"sequence": 6.0')), "E_JSON"),
    "B2.large": Switch("2^53", serving(lambda: tampered(b'"sequence": 6', b'"sequence": 9007199254740992')), "E_JSON"),
    "B3.mark": Switch("a byte order mark", serving(lambda: b"\xef\xbb\xbf" + release()), "E_JSON"),
    "B3.utf-16": Switch("UTF-16", serving(lambda: release().decode().encode("utf-16")), "E_JSON"),
    "B3.bad": Switch("bytes that are no UTF-8", serving(lambda: tampered(b"A library", b"A \xc0\xaf")), "E_JSON"),
    "B4.form": Switch(
        "the same text in another normal form",
        serving(
            lambda: resigned(lambda document: None, description="caf\u00e9").replace(
                "\u00e9".encode(), "e\u0301".encode()
            )
        ),
        "E_SIGNATURE",
    ),
    "B5.deep": Switch("100,000 brackets", serving(lambda: b"[" * 100_000), "E_JSON"),
    "B6.manifest": Switch(
        "a manifest of 10 MB",
        serving(lambda: resigned(lambda document: document.update(x="x" * 10_000_000))),
        "E_TOO_LARGE",
    ),
    "B6.body": Switch("a body beyond any document's", serving(lambda: bytes(DOCUMENT_MAX_BYTES + 1)), "E_TOO_LARGE"),
    "B6.values": Switch(
        "a million values",
        serving(lambda: tampered(b'"library": {', b'"x": [' + b"0," * 999_999 + b'0], "library": {')),
        "E_TOO_LARGE",
    ),
    "B7.malleable": Switch(
        "S + L",
        serving(
            lambda: with_signature(
                lambda raw: (raw[:32] + (int.from_bytes(raw[32:], "little") + GROUP_ORDER).to_bytes(32, "little")).hex()
            )
        ),
        "E_SIGNATURE",
    ),
    "B7.upper": Switch(
        "upper-case digits", serving(lambda: with_signature(lambda raw: raw.hex().upper())), "E_SIGNATURE"
    ),
    "B7.truncated": Switch("cut short", serving(lambda: with_signature(lambda raw: raw[:63].hex())), "E_SIGNATURE"),
    "B8.settings": Switch(
        "a small-order key in the settings", serving(forged), "E_CONFIG", 78, audited=(), keys={SMALL_ORDER: ["demo"]}
    ),
    "B8.trust": Switch(
        "a small-order key in a trust document",
        small_order_in_trust,
        "E_SIGNATURE",
        says="E_KEY",
        audited=("E_KEY", "E_SIGNATURE"),
        pinned=trust,
    ),
    "B9.junk": Switch(
        "a line break in the base64", serving(lambda: with_base64(lambda text: f"{text[:8]}\n{text[8:]}")), "E_BASE64"
    ),
    "B10.header": Switch(
        "another signature in the header", serving(release, X_Library_Signature="0" * 128), "E_HEADER"
    ),
    "B10a.pattern": Switch(
        "a pattern that takes for ever",
        serving(lambda: with_pattern(6)),
        None,
        honest=lambda: with_pattern(5),
        words=("demo.run", "--x", "a" * 5_000 + "!"),
    ),
    "B11.handler": Switch(
        "an unknown handler", serving(lambda: with_command(handler={"type": "grpc", "function": "f"})), "E_UNSUPPORTED"
    ),
    "B11.options": Switch("options that are no list", serving(lambda: with_command(options={})), "E_SCHEMA"),
    "B11.version": Switch(
        "a manifest of a later kind",
        serving(lambda: resigned(lambda d: d.update(type="codi/library-manifest/v2"))),
        "E_TYPE",
    ),
    "B11.member": Switch(
        "a member that nobody knows",
        serving(lambda: resigned(lambda document: document.update(new={"type": 5}), prints=GOOD)),
        None,
    ),
    # Section C, transport.
    "C1.redirect": Switch(
        "a redirect to another host",
        lambda evil: evil.answer(body(b"", 302, Location="http://127.0.0.1:9/elsewhere")),
        "E_REDIRECT",
        76,
        audited=(),
    ),
    "C2.bomb": Switch(
        "a GiB in 32 KiB, as the body's encoding",
        serving(lambda: BOMB, Content_Encoding="zstd"),
        "E_ENCODING",
        76,
        audited=(),
    ),
    "C6.index": Switch(
        "an index that names a path",
        lambda evil: evil.serve_index(b'{"library": "../../../healthz"}'),
        "E_NOT_FOUND",
        66,
        audited=(),
    ),
    # Section D, cache and disk.
    "D1.row": Switch(
        "one bit of the stored signature",
        lambda disk: disk.flip("metadata", disk.column("metadata").index(b'"signature": "') + 20),
        "E_SIGNATURE",
        words=OFFLINE,
    ),
    "D1.online": Switch(
        "one bit of the stored message, while the server can be asked",
        lambda disk: disk.flip("library_json", 100),
        None,
        says="fetched again",
        audited=("E_SIGNATURE",),
    ),
    "D1.swapped": Switch(
        "another library's row in its place",
        lambda disk: disk.sql(
            "UPDATE command_libraries SET (library_json, metadata, hash) = (SELECT library_json, metadata, hash"
            " FROM command_libraries WHERE id LIKE '%/other') WHERE id LIKE '%/demo'"
        ),
        "E_KEY_SCOPE",
        words=OFFLINE,
    ),
    "D1.module": Switch(
        "another module in its place", EvilDisk.swap_module, None, says="E_WASM_HASH", audited=("E_WASM_HASH",)
    ),
    "D1.module-offline": Switch(
        "another module in its place, and no server", EvilDisk.swap_module, "E_WASM_HASH", words=OFFLINE
    ),
    "D3.artefact": Switch("one bit of the machine code", EvilDisk.flip_artefacts, None),
    "D4.bomb": Switch(
        "a GiB in 32 KiB",
        lambda disk: disk.sql("UPDATE command_libraries SET library_json = ?", BOMB),
        "E_ZSTD",
        74,
        words=OFFLINE,
    ),
    "D5.view": Switch(
        "an endless view in place of a table",
        lambda disk: disk.sql(
            f"DROP TABLE command_index; CREATE VIEW command_index AS {ENDLESS} SELECT x AS command, x AS id FROM c"
        ),
        None,
        says="moved to",
    ),
    "D5.pages": Switch(
        "pages of noise", lambda disk: (disk.data / "cache.db").write_bytes(b"noise" * 10_000), None, says="moved to"
    ),
    "D5.state": Switch(
        "a view in the state database",
        lambda disk: disk.sql("CREATE VIEW sneaky AS SELECT 1", database="state.db"),
        "E_STATE_DAMAGED",
        74,
    ),
    "D6.loose": Switch("everybody may write", EvilDisk.loosen, None),
    "D6.cache-link": Switch("a link for the cache", lambda disk: disk.link("cache.db"), "E_CACHE_PERMS", 74),
    "D6.state-link": Switch("a link for the state database", lambda disk: disk.link("state.db"), "E_STATE_PERMS", 74),
    "D9.full": Switch("files cannot grow", lambda disk: disk.forget("cache.db"), None, says="going on", file_kib=40),
    "D9.fuller": Switch(
        "there is no room for as much as 32 KiB, and what was accepted before is still known",
        lambda disk: disk.forget("cache.db"),
        None,
        says="going on",
        file_kib=8,
    ),
    "D10.state": Switch(
        "the state database is gone", lambda disk: disk.forget("state.db"), None, trail="no rollback history"
    ),
    # Section F, terminal.
    "F-1.name": Switch(
        "escape sequences in a name",
        serving(lambda: resigned(lambda document: document["library"].update(name="\x1b]0;evil\x07\x9b2J"))),
        "E_NAME_MISMATCH",
    ),
}
"""Row and name of each switch."""
