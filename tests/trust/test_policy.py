"""Permissions: declared ∩ granted, and nothing else."""

from __future__ import annotations

import shlex

import pytest

from codi_tui.errors import GrantError
from codi_tui.execute.wasm import check_imports
from codi_tui.model.permission import meaning, parse_permission
from codi_tui.operations.core import drive
from codi_tui.trust import BUNDLED, CommandLibrary, Permissions
from support.libraries import manifest, signed, subcommand
from support.trust import ISSUED, admit, trusted, validator

WASI = "wasi_snapshot_preview1."


def library(*permissions: str) -> CommandLibrary:
    return admit(signed(manifest(library={"permissions": list(permissions)}), issued_at=ISSUED))


def refusal(permissions: Permissions, wanted: str) -> GrantError:
    with pytest.raises(GrantError) as caught:
        permissions.require(wanted)
    assert (caught.value.code, caught.value.library) == ("E_PERMISSION", "demo")
    return caught.value


def test_a_permission_is_had_only_when_declared_and_granted() -> None:
    permissions = Permissions(library("clock", "random"), "demo.run", ["clock", "env:HOME"])
    assert list(permissions) == ["clock"]
    permissions.require("clock")
    assert "author" in str(refusal(permissions, "env:HOME").hint)
    assert refusal(permissions, "random").hint == "to grant it for one run: codi run --allow random demo.run"


def test_a_grant_is_of_exactly_the_permission_written() -> None:
    permissions = Permissions(
        library("fs:read:/data", "net:a.example"), "demo.run", ["fs:read:/", "net:*", "fs:read:/data/"]
    )
    assert list(permissions) == []


def test_installing_codi_grants_what_the_bundled_libraries_declare_and_no_more() -> None:
    data = signed(manifest(library={"permissions": ["clock"]}), issued_at=ISSUED)
    bundled = drive(validator(trusted(), origin=BUNDLED).admit(data, origin=BUNDLED, name="demo"))
    permissions = Permissions(bundled, "demo.run", ["random"])
    assert list(permissions) == ["clock"]
    refusal(permissions, "random")


def test_a_library_that_calls_itself_bundled_is_not() -> None:
    data = signed(manifest(library={"permissions": ["clock"], "origin": BUNDLED}), issued_at=ISSUED)
    assert list(Permissions(admit(data), "demo.run", [])) == []


@pytest.mark.parametrize(
    "item", ["env.system", "wasi_snapshot_preview1.sock_open", "wasi_unstable.fd_write", "codi.emit", "", "fd_write"]
)
def test_an_import_that_no_command_is_given_is_refused(item: str) -> None:
    from codi_tui.errors import ModuleError

    with pytest.raises(ModuleError) as caught:
        check_imports([f"{WASI}fd_write", item], Permissions(library(), "demo.run", []))
    assert caught.value.code == "E_WASM_IMPORT"


@pytest.mark.parametrize(
    ("item", "permission"), [("random_get", "random"), ("clock_time_get", "clock"), ("clock_res_get", "clock")]
)
def test_clock_and_random_are_permissions(item: str, permission: str) -> None:
    with pytest.raises(GrantError):
        check_imports([WASI + item], Permissions(library(permission), "demo.run", []))
    with pytest.raises(GrantError):
        check_imports([WASI + item], Permissions(library(), "demo.run", [permission]))
    check_imports([WASI + item, f"{WASI}fd_write"], Permissions(library(permission), "demo.run", [permission]))


def test_the_command_that_would_grant_a_permission_is_safe_to_paste() -> None:
    hostile = "fs:read:/x; touch /tmp/owned #"
    hint = str(refusal(Permissions(library(hostile), "demo.run", []), hostile).hint)
    words = shlex.split(hint.partition(": ")[2])
    assert words == ["codi", "run", "--allow", hostile, "demo.run"]


@pytest.mark.parametrize(
    "text",
    [
        "limit:memory:5GiB",
        "limit:memory:0MiB",
        "limit:memory:01MiB",
        "limit:memory:1h",
        "limit:memory:1",
        "limit:wall:25h",
        "limit:wall:",
        "limit:wall:1.5h",
        "limit:cpu:-1s",
        "limit:tables:5",
        "limit:output:2048GiB",
        "limit:memory:٣MiB",
        "limit:memory:1mib",
        "limit:wall:99999999999999999999s",
        "limit:memory:MiB",
    ],
)
def test_a_limit_is_a_whole_amount_up_to_its_ceiling(text: str) -> None:
    with pytest.raises(ValueError, match="not a permission"):
        parse_permission(text)


def test_a_granted_limit_covers_what_is_not_more() -> None:
    commands = {"demo": {"description": "", "subcommands": {"run": asking(memory_bytes=512 << 20)}}}
    asks = admit(signed(manifest(commands=commands), issued_at=ISSUED))
    assert list(Permissions(asks, "demo.run", ["limit:memory:1GiB"])) == ["limit:memory:512MiB"]
    assert list(Permissions(asks, "demo.run", ["limit:memory:524288KiB"])) == ["limit:memory:512MiB"]
    assert list(Permissions(asks, "demo.run", ["limit:memory:511MiB", "limit:output:1GiB"])) == []


def asking(**limits: int) -> dict[str, object]:
    return subcommand(handler={"type": "wasm", "function": "main", "limits": limits})


EVERY_KIND = {
    "net:api.example.com": "send data to and receive data from api.example.com, port 443",
    "net:api.example.com:8443": "send data to and receive data from api.example.com, port 8443",
    "net:*.example.com": "send data to and receive data from any host directly under example.com, port 443",
    "fs:read:/data": "read /data",
    "fs:read:/data/": "read any file under /data/",
    "fs:write:~/notes": "read, create and change ~/notes",
    "env:HOME": "read the environment variable HOME",
    "secret:TOKEN": "use the secret TOKEN",
    "clock": "read the clock",
    "random": "draw random numbers",
    "local:agent.create": "call codi's own function agent.create, outside the sandbox",
    "ws:run.example.com": "run on the server run.example.com, port 443, which is sent its arguments and input",
    "limit:wall:90m": "run for up to 90 minutes at a time, and not the 5 minutes that others have",
    "limit:cpu:3600s": "use up to 1 hour of processor time, and not the 2 minutes that others have",
    "limit:memory:1024MiB": "take up to 1 GiB of memory, and not the 256 MiB that others have",
    "limit:output:4GiB": "write up to 4 GiB of output, and not the 1 GiB that others have",
    "ws:server": "run on its library server, which is sent its arguments and input",
}


@pytest.mark.parametrize(("text", "words"), EVERY_KIND.items())
def test_every_kind_of_permission_has_a_plain_meaning(text: str, words: str) -> None:
    assert meaning(text) == words
    assert parse_permission(str(parse_permission(text))) == parse_permission(text)
    assert len({parse_permission(text), parse_permission(str(parse_permission(text)))}) == 1


@pytest.mark.parametrize(
    "text",
    [
        "net:*",
        "net:*.com",
        "net:*.0.0.1",
        "net:a.*.example",
        "net:A.example",
        "net:a.example:0",
        "net:a.example:65536",
        "net:a.example:080",
        "net:-a.example",
        "net:a..example",
        "net:1.2.3",
        "ws:Server",
        "ws:server:443x",
        "fs:read:data",
        "fs:read:/a/../b",
        "fs:read:/a/./b",
        "fs:read:/a//b",
        "fs:read:/a\u202eb",
        "fs:read:/" + "x" * 2000,
        "fs:read:~root/x",
        "env:ÄB",
        "local:os system",
        "clock:x",
        " clock",
    ],
)
def test_a_permission_has_one_grammar(text: str) -> None:
    with pytest.raises(ValueError, match="not a permission"):
        parse_permission(text)
    assert "does not know" in meaning(text)


@pytest.mark.parametrize(
    ("held", "wanted", "covered"),
    [
        ("net:a.example", "net:a.example:443", True),
        ("net:a.example:443", "net:a.example", True),
        ("net:a.example", "net:a.example:8443", False),
        ("net:a.example", "ws:a.example", False),
        ("net:*.a.example", "net:b.a.example", True),
        ("net:*.a.example", "net:*.a.example", True),
        ("net:*.a.example", "net:a.example", False),
        ("net:*.a.example", "net:c.b.a.example", False),
        ("net:*.a.example", "net:b.a.example:80", False),
        ("net:b.a.example", "net:*.a.example", False),
        ("net:*.b.a.example", "net:*.a.example", False),
        ("fs:read:/data/", "fs:read:/data/x/y", True),
        ("fs:read:/data/", "fs:read:/data", False),
        ("fs:read:/data", "fs:read:/data/x", False),
        ("fs:read:/data", "fs:read:/database", False),
        ("fs:read:/data/", "fs:write:/data/x", False),
        ("env:A", "env:AB", False),
        ("env:A", "secret:A", False),
        ("clock", "random", False),
        ("ws:server", "ws:server", True),
        ("ws:server", "ws:server:8443", False),
    ],
)
def test_a_permission_covers_exactly(held: str, wanted: str, covered: bool) -> None:
    assert parse_permission(held).covers(parse_permission(wanted)) is covered


def test_what_is_used_is_covered_by_what_is_declared_and_granted() -> None:
    asked = library("ws:*.a.example", "net:b.example:443")
    Permissions(asked, "demo.run", ["ws:*.a.example"]).require("ws:run.a.example:443")
    Permissions(asked, "demo.run", ["net:b.example"]).require("net:b.example")
    error = refusal(Permissions(asked, "demo.run", ["ws:run.a.example"]), "ws:run.a.example")
    assert "needs ws:*.a.example, which is not granted" in error.message
    assert "author" in str(refusal(Permissions(asked, "demo.run", ["net:*.example"]), "net:c.example").hint)


def test_what_is_no_permission_is_never_had() -> None:
    refusal(Permissions(library("clock"), "demo.run", ["clock"]), "everything")
    assert list(Permissions(library("clock"), "demo.run", ["everything", "clock"])) == ["clock"]


@pytest.mark.parametrize(
    ("patterns", "rule"),
    [
        (("demo",), "demo"),
        (("*", "demo-*"), "*"),
        (("*", "demo"), "demo"),
        (("other-*", "*"), "*"),
        (("*", "d-*", "demo"), "demo"),
    ],
)
def test_a_library_knows_the_rule_that_covers_it(patterns: tuple[str, ...], rule: str) -> None:
    assert admit(signed(manifest(), issued_at=ISSUED), trusted(*patterns)).rule == rule
