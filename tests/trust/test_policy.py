"""Permissions: declared ∩ granted, and nothing else."""

from __future__ import annotations

import shlex

import pytest

from codi_tui.errors import GrantError
from codi_tui.execute.wasm import check_imports
from codi_tui.operations.core import drive
from codi_tui.trust import BUNDLED, CommandLibrary, Permissions
from support.libraries import manifest, signed
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
