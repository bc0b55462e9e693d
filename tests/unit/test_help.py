"""Help shows text of publishers and of files in the data folder: neither may move the cursor or speak for codi."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from codi_tui.cli.command_page import command_page
from codi_tui.cli.help import overview
from codi_tui.runtime import LISTING, RuntimeMode
from conftest import Codi
from support.libraries import manifest, signed, subcommand
from support.trust import ISSUED, admit


@pytest.fixture
def listing(home: Path) -> Path:
    path = Path(RuntimeMode.detect().data_folder(), LISTING)
    path.parent.mkdir(parents=True)
    return path


def help_of(description: str) -> str:
    commands = {"demo": {"description": "Group", "subcommands": {"run": subcommand(description=description)}}}
    library = admit(signed(manifest(commands=commands), issued_at=ISSUED))
    definition = library.manifest.find("demo.run")
    assert definition is not None
    return command_page(library, definition, 80)


def test_a_listing_is_shown_behind_the_built_ins(listing: Path) -> None:
    listing.write_text("demo (https://a)\n  demo.run  Runs\n")
    assert overview().endswith(b"\ndemo (https://a)\n  demo.run  Runs\n")


def test_a_missing_listing_is_nothing(home: Path) -> None:
    assert b"\nBuilt-ins (" in overview()


def test_a_tampered_listing_has_no_escape_sequences(listing: Path) -> None:
    listing.write_bytes(b"x\x1b]52;c;aGk=\x07\x9b2J\n")
    shown = overview()
    assert b"\x1b" not in shown
    assert b"\x07" not in shown


def test_a_pipe_in_place_of_the_listing_is_not_waited_for(listing: Path, codi: Codi) -> None:
    os.mkfifo(listing)
    assert codi("help", timeout=3).status == 0


def test_a_description_has_no_escape_sequences() -> None:
    assert "\x1b" not in help_of("x\x1b[2J")


def test_a_description_cannot_forge_who_signed_it() -> None:
    forged = "Fine.\n\nFrom text-tools 1.0.0 (bundled), signed by ed25519:0123456789abcdef…"
    assert sum(line.startswith("From ") for line in help_of(forged).splitlines()) == 1
