"""Help: of every built-in and verb, of every bundled command, in a pipe and on terminals."""

from __future__ import annotations

import importlib
import importlib.util
import json
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from codi_tui.cli.help_pages import help_for
from codi_tui.manual import SUMMARIES
from codi_tui.manual.pages import columns, page
from codi_tui.manual.table import built_in, every_verb
from codi_tui.manual.verb import Verb
from codi_tui.manual.words import find_verb, read_words
from codi_tui.model.names import BUILT_INS
from codi_tui.operations.session_export import FORMATS
from codi_tui.runs.log import LEVELS
from conftest import CODI, Codi, add_server
from support.libraries import PUBLIC_KEY, manifest, publish, signed
from support.server import Server, serving
from support.terminal import terminal

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs/reference.md"
COMMANDS = ROOT / "tests/golden/command_help.txt"
VERBS = {verb.path: verb for verb in every_verb()}
WIDTH = 80
_SIGNED = re.compile(r"^From (\S+ \S+ \(bundled\)), signed by ed25519:[0-9a-f]{16}…$", re.MULTILINE)


def golden_pages() -> dict[str, str]:
    """What docs/reference.md says that each `--help` prints."""
    found = re.findall(r"^#+ codi ([^\n]+)\n\n```text\n(.*?)^```$", REFERENCE.read_text(), re.MULTILINE | re.DOTALL)
    return dict(found)


def test_the_built_ins_are_exactly_these_ten() -> None:
    assert set(SUMMARIES) == BUILT_INS
    assert sorted(SUMMARIES) == ["auth", "config", "connect", "help", "log", "mcp", "run", "session", "sync", "ui"]


def test_every_built_in_has_its_help(codi: Codi) -> None:
    for name in SUMMARIES:
        result = codi(name, "--help")
        assert (result.status, bool(result.stdout)) == (0, True), name
        assert f"\n  {name} " in codi("help").stdout.decode()


def test_every_help_is_the_one_of_the_reference(codi: Codi) -> None:
    golden = golden_pages()
    assert set(golden) == set(VERBS)
    for path, text in golden.items():
        result = codi(*path.split(), "--help")
        assert (result.status, result.stdout.decode(), result.stderr) == (0, text, ""), path


def test_help_is_the_same_by_each_way_to_ask_for_it(codi: Codi) -> None:
    text = codi("session", "list", "--help").stdout
    for words in (["session", "list", "-h"], ["help", "session", "list"], ["session", "list", "x", "--json", "-h"]):
        assert codi(*words).stdout == text
    assert codi("help", "run").stdout == codi("run", "-h").stdout
    assert codi("help", "help").stdout == codi("help", "--help").stdout
    assert b"RUN is missing" not in codi("session", "resume", "--", "--help").stdout
    assert codi("session", "resume", "--", "--help").status == 64


@pytest.mark.parametrize("path", VERBS)
def test_every_page_has_examples_that_can_be_read_and_fits(path: str) -> None:
    verb = VERBS[path]
    text = page(verb)
    assert verb.examples
    for example in verb.examples:
        words = example_words(example)
        assert words[0] == "codi", example
        if words[1] in BUILT_INS and words[1] != "run":
            parsed = read_words(built_in(words[1]), words[2:])
            assert parsed.problems == [], example
    for line in text.partition("Examples:")[0].splitlines():
        assert columns(line) <= WIDTH
    for narrow in (40, 60):
        for part in page(verb, narrow).partition("Examples:")[0].split("\n\n"):
            for line in part.splitlines() if not part.startswith("usage:") else ():
                assert columns(line) <= narrow or len(line.split()) == 2, line  # an option and its value


def example_words(example: str) -> list[str]:
    """The words of the codi in an example, up to where the shell goes on."""
    inner = re.search(r"\$\((codi .*?)\s*(?:\||\))", example)
    words = shlex.split(inner.group(1) if inner else example)
    return words[: next((at for at, word in enumerate(words) if word in ("|", ">", "<", ">>")), len(words))]


def test_every_verb_has_a_function() -> None:
    for name in sorted(BUILT_INS):
        if importlib.util.find_spec(f"codi_tui.cli.{name}") is None:
            continue  # a door of its own
        functions = getattr(importlib.import_module(f"codi_tui.cli.{name}"), "_VERBS", None)
        if functions is not None:
            verbs = [verb.path for verb in VERBS.values() if is_done(verb) and verb.path.split()[0] == name]
            assert set(functions) == set(verbs) - {"mcp serve"}  # a door of its own


def is_done(verb: Verb) -> bool:
    return not verb.is_group


def test_what_is_listed_can_be_had_as_json() -> None:
    for verb in VERBS.values():
        if verb.name in ("list", "show", "status", "path", "verify", "explain"):
            assert verb.option("--json"), verb.path


def test_choices_are_those_of_the_code_that_takes_them() -> None:
    formats, level = VERBS["session export"].option("--format"), VERBS["log show"].option("--level")
    assert formats is not None
    assert level is not None
    assert (formats.choices, level.choices) == (FORMATS, LEVELS[:-1])


def test_a_verb_that_is_mistyped_is_told_the_nearest(codi: Codi) -> None:
    for words, meant in (
        (["session", "lst"], "list"),
        (["auth", "trust", "explian"], "explain"),
        (["config", "grant"], "grants"),
        (["log", "shwo", "--help"], "show"),
        (["help", "sesion"], "session"),
        (["help", "text.cuont"], "text.count"),
        (["session", "list", "--jsno"], "--json"),
        (["run", "--ofline", "text.count"], "--offline"),
        (["--verison"], "--version"),
    ):
        result = codi(*words)
        assert f"did you mean {meant}" in result.stderr, words
        assert result.status in (64, 66)
        assert result.stdout == b""


def test_every_bundled_command_s_help(
    codi: Codi, request: pytest.FixtureRequest, capfd: pytest.CaptureFixture[str]
) -> None:
    listed = json.loads(codi("help", "--json").stdout)["commands"]
    pages = {entry["command"]: help_of(entry["command"], capfd) for entry in listed}
    assert len(pages) == len(listed) > 25
    text = "".join(f"== {name}\n{page}\n" for name, page in pages.items())
    if request.config.getoption("--update-snapshots"):
        COMMANDS.parent.mkdir(exist_ok=True)
        COMMANDS.write_text(text)
    assert text == COMMANDS.read_text()
    by_executable = codi("help", "text.wrap").stdout
    assert _SIGNED.sub(r"From \1, signed", by_executable.decode()) == pages["text.wrap"]
    assert codi("text.wrap", "--help").stdout == codi("run", "text.wrap", "-h").stdout == by_executable


def help_of(name: str, capfd: pytest.CaptureFixture[str]) -> str:
    """What `codi help NAME` writes, in this process: there are many."""
    assert help_for([name]) == 0
    written = capfd.readouterr()
    assert written.err == ""
    return _SIGNED.sub(r"From \1, signed", written.out)


def test_a_group_and_a_library_list_their_commands(codi: Codi) -> None:
    assert codi("help", "text").stdout.count(b"\n  text.") == 6
    assert b"encode.hex" in codi("help", "text-tools").stdout
    facts = json.loads(codi("help", "text", "--json").stdout)
    assert facts[0] == {
        "command": "text.case",
        "description": facts[0]["description"],
        "library": "text-tools",
        "origin": "bundled",
    }


def test_a_search_looks_into_names_and_descriptions_of_both(codi: Codi) -> None:
    text = codi("help", "-k", "AUDIT").stdout.decode()
    assert "\n  log verify " in text
    text = codi("help", "-k", "jsonpath").stdout.decode()
    assert text.startswith("data-tools (bundled)\n  json.query ")
    found = json.loads(codi("help", "-k", "fingerprint", "--json").stdout)
    assert {"name": "auth trust add", "summary": VERBS["auth trust add"].summary} in found["built_ins"]
    assert found["commands"] == []
    result = codi("help", "-k", "nothing has this")
    assert (result.status, result.stdout) == (66, b"")


def test_json_of_a_verb_and_of_a_command(codi: Codi) -> None:
    verb = json.loads(codi("help", "log", "verify", "--json").stdout)
    assert (verb["usage"], verb["statuses"]["77"]) == ("codi log verify [--renew] [--json]", "not")
    command = json.loads(codi("help", "--json", "text.wrap").stdout)
    assert command["schema"]["properties"]["width"]["maximum"] == 10000
    assert command["library"] == "text-tools"
    failed = codi("help", "--json", "text.warp")
    assert json.loads(failed.stderr)["error"]["code"] == "E_NOT_FOUND"


@pytest.fixture
def server(home: Path, tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "site"
    folder.mkdir()
    with serving(folder) as running:
        add_server(home, running.origin, PUBLIC_KEY, ["demo"])
        publish(folder, signed(manifest()))
        yield running


def test_help_asks_no_server_unless_it_is_told_to(server: Server, codi: Codi) -> None:
    for words in (["help", "demo.run"], ["demo.run", "--help"], ["run", "demo.run", "-h"], ["help", "-k", "demo"]):
        result = codi(*words)
        assert (result.status, server.requests) == (66, []), words
    assert "codi help --fetch demo.run" in codi("help", "demo.run").stderr
    text = codi("help", "--fetch", "demo.run").stdout
    assert b"usage: codi demo.run\n" in text
    assert f"From demo 1.0.0 ({server.origin})".encode() in text
    asked = len(server.requests)
    assert asked > 0
    assert codi("help", "demo.run").stdout == text
    assert len(server.requests) == asked


def test_a_narrow_terminal_breaks_no_word() -> None:
    words = {word for line in read_page("help", width=200) for word in line.split()}
    for width in (50, 80):
        for asked in (("help",), ("help", "text.wrap"), ("session", "list", "-h")):
            lines = read_page(*asked, width=width)
            if asked == ("help",):
                assert {word for line in lines for word in line.split()} == words
            assert all(columns(line) <= width for line in lines if not line.startswith("  codi "))


def test_a_usage_line_is_broken_between_options_on_a_terminal(codi: Codi) -> None:
    whole = codi("run", "--frob").stderr.splitlines()[1]
    with terminal(CODI, "run", "--frob", size=(60, 20)) as shown:
        assert shown.finish() == 64
        usage = shown.written.decode().replace("\r", "").splitlines()[1:-1]
    assert " ".join(line.strip() for line in usage) == whole
    assert len(usage) > 3
    assert all(len(line) <= 60 and line.startswith(("usage: codi run", "       [")) for line in usage)


def read_page(*words: str, width: int) -> list[str]:
    """What codi writes on a terminal of a width, which is high enough for all of it."""
    with terminal(CODI, *words, size=(width, 200)) as shown:
        assert shown.finish() == 0
        return shown.written.decode().replace("\r", "").splitlines()


def test_a_long_help_goes_through_the_pager_on_a_terminal_only(codi: Codi) -> None:
    with terminal(CODI, "help", size=(80, 24), PAGER="sed s/^/P:/") as shown:
        assert shown.finish() == 0
        assert shown.written.startswith(b"P:codi runs")
    for pager in ("cat", "", "no-such-program-anywhere -x"):
        with terminal(CODI, "help", size=(80, 24), PAGER=pager) as shown:
            assert shown.finish() == 0
            assert shown.written.startswith(b"codi runs")
    with terminal(CODI, "help", "log", "path", size=(80, 24), PAGER="sed s/^/P:/") as shown:
        assert shown.finish() == 0
        assert b"P:" not in shown.written
    assert codi("help", PAGER="sed s/^/P:/").stdout.startswith(b"codi runs")


def test_a_verb_is_found_as_deep_as_words_go() -> None:
    verb, left = find_verb(built_in("auth"), ["trust", "add", "URL", "list"])
    assert (verb.path, left) == ("auth trust add", ["URL", "list"])


def test_the_reference_is_made_of_the_same_pages() -> None:
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        reference = importlib.import_module("reference")
    finally:
        sys.path.remove(str(ROOT / "scripts"))
    assert reference.reference() == REFERENCE.read_text(), "python scripts/reference.py"
