"""Write docs/attacks.md: each attack that codi must survive, and the tests that hold the line.

A test says which with `@pytest.mark.attack("B1")`; a module or a class may say it for all of its tests. The marks are
read from the source, so that nothing has to be imported; so are the switches of the evil server and the evil disk, each of
which is one end-to-end test.

    python scripts/attack_table.py            write the page
    python scripts/attack_table.py --check    fail when the page is stale, or a row that must have a test has none
    python scripts/attack_table.py --run      run the marked tests and print each row's outcome
"""

from __future__ import annotations

import argparse
import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/attacks.md"
SWITCHES = ROOT / "tests/support/evil.py"
SWITCH_TESTS = "tests/integration/test_attack_rows.py"

SECTIONS = {
    "A": "Who signed it, and is it current",
    "B": "Bytes: JSON, numbers, signatures",
    "C": "Transport",
    "D": "Cache and disk",
    "E": "WebAssembly",
    "F": "Terminal",
    "G": "Agents",
    "H": "Handlers, secrets, environment",
}
ATTACKS = {
    "A1": "a manifest that is unsigned or wrongly signed",
    "A2": "an older version, validly signed",
    "A3": "two manifests under one sequence number",
    "A4": "a server that never shows anything newer",
    "A5": "a sequence number so high that no honest release follows",
    "A6": "one version's manifest with another's module",
    "A7": "one library served under another's name",
    "A8": "a trusted key that signs a name it may not",
    "A9": "a library of one server served by another",
    "A10": "one kind of signed document read as another",
    "A11": "one stolen key where several must sign",
    "A12": "one key that counts as two",
    "A13": "a revoked key whose library is cached",
    "A14": "a key change that the old keys did not agree to",
    "A15": "a chain of key changes without end",
    "A16": "an attacker at the first contact",
    "A17": "a clock set back or forward",
    "A18": "a library that takes the name of a built-in or of another's command",
    "A19": "names that look alike",
    "A20": "a document that chooses its own algorithm",
    "B1": "a member name that occurs twice",
    "B2": "numbers that two readers take for different values",
    "B3": "other encodings than strict UTF-8",
    "B4": "texts that are equal only after normalisation",
    "B5": "nesting without end",
    "B6": "a manifest too large for memory",
    "B7": "a second spelling of a signature",
    "B8": "a public key for which anyone can sign",
    "B9": "a second spelling of base64",
    "B10": "a header that contradicts the document",
    "B10a": "a pattern that takes for ever to match",
    "B11": "unknown and wrongly typed members",
    "C1": "a redirect that takes a token elsewhere",
    "C2": "a body without end, or a bomb in its encoding",
    "C3": "a server that drips",
    "C4": "a token over plain http, or to another server than its own",
    "C5": "an answer like 403 or 404 that would empty the cache, or tell what is there",
    "C6": "a name that is a path",
    "D1": "a cache that was written by somebody else",
    "D2": "a change between the check and the use",
    "D3": "changed machine code of a module",
    "D4": "a compressed record that is a bomb, or malformed",
    "D5": "a database with a hostile schema, or damaged pages",
    "D6": "a cache that others can read, write or point elsewhere",
    "D7": "many processes at once",
    "D8": "a loss of power in the middle of a write",
    "D9": "a full or read-only disk, or a quota",
    "D10": "a deleted history that would allow a rollback",
    "E1": "a loop without end, in the module's start too",
    "E2": "a wait inside the host that no meter of the engine sees",
    "E3": "memory and tables without end",
    "E4": "recursion without end",
    "E5": "a module that takes minutes and gigabytes to compile",
    "E6": "output and events without end",
    "E7": "a way out of a folder that was granted",
    "E8": "a malformed module, its text form, a component",
    "E9": "the engine's proposals that no command needs",
    "E10": "what nobody granted: environment, arguments, clock, random numbers",
    "F-1": "escape sequences in whatever codi shows",
    "F-2": "markup of the workspace's toolkit in whatever it shows",
    "F-3": "text that is reordered, hidden or piled up",
    "F-4": "colour from a command",
    "G1": "a description that instructs the agent",
    "G2": "a tool that changes after it was approved",
    "G3": "a web page that reaches an agent's server on this machine",
    "G4": "a token or a secret in what an agent reads",
    "G5": "a print that breaks the agent's stream",
    "G6": "tool names that collide, or that no agent takes",
    "G7": "a destructive command that is called without a word",
    "H1": "an endpoint's address that is read in two ways",
    "H2": "a redirect, or another address, after the check",
    "H3": "a server that floods or falls silent",
    "H4": "a way from a local handler to anything else",
    "H5": "a weaker handler, reached by making the stronger fail",
    "H6": "a token where others can read it",
    "H7": "a secret in a log, a message or a list of processes",
    "H8": "an environment variable that redirects trust",
}
AWAITED = frozenset({"G1", "G2", "G3", "G4", "G5", "G6", "G7"})
"""Rows whose tests are not marked yet. The list only ever shrinks: a row that has a test must leave it."""


class Marked(NamedTuple):
    """A test, or a class or file of tests, and the rows it covers."""

    test: str
    attacks: tuple[str, ...]


def marked_tests() -> Iterator[Marked]:
    """Every mark in the tests, in the order of their files."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        name = path.relative_to(ROOT).as_posix()
        yield from _marked(tree, name)
        if name == SWITCH_TESTS:
            yield from _switched(ast.parse(SWITCHES.read_text(encoding="utf-8")))


def _switched(tree: ast.Module) -> Iterator[Marked]:
    """The tests that the table of switches makes: `A1.unsigned` is one of row A1."""
    for item in tree.body:
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name) and item.target.id == "SWITCHES":
            for key in item.value.keys if isinstance(item.value, ast.Dict) else ():
                switch = str(ast.literal_eval(key)) if key is not None else ""
                test = "test_an_evil_disk" if switch.startswith("D") else "test_an_evil_server"
                yield Marked(f"{SWITCH_TESTS}::{test}[{switch}]", (switch.partition(".")[0],))


def _marked(node: ast.Module | ast.ClassDef, name: str) -> Iterator[Marked]:
    for item in node.body:
        if isinstance(item, ast.Assign) and _is_pytestmark(item):
            yield from _if_any(name, _attacks(item.value))
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found = [attack for decorator in item.decorator_list for attack in _attacks(decorator)]
            yield from _if_any(f"{name}::{item.name}", found)
        if isinstance(item, ast.ClassDef):
            yield from _marked(item, f"{name}::{item.name}")


def _is_pytestmark(item: ast.Assign) -> bool:
    return any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in item.targets)


def _if_any(name: str, attacks: list[str]) -> Iterator[Marked]:
    if attacks:
        yield Marked(name, tuple(attacks))


def _attacks(expression: ast.expr) -> list[str]:
    """The rows that an expression's `pytest.mark.attack(…)` calls name."""
    return [
        str(argument.value)
        for call in ast.walk(expression)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "attack"
        for argument in call.args
        if isinstance(argument, ast.Constant)
    ]


def by_attack(marked: list[Marked]) -> dict[str, list[str]]:
    """The tests of each row."""
    return {attack: [item.test for item in marked if attack in item.attacks] for attack in ATTACKS}


def problems(marked: list[Marked]) -> list[str]:
    """What is wrong with the marks."""
    tests = by_attack(marked)
    unknown = sorted({attack for item in marked for attack in item.attacks} - set(ATTACKS))
    return [
        *(f"{attack} is marked and is no row" for attack in unknown),
        *(f"{attack} has no test" for attack in ATTACKS if not tests[attack] and attack not in AWAITED),
        *(f"{attack} has a test now: take it out of AWAITED" for attack in sorted(AWAITED) if tests[attack]),
    ]


def page(marked: list[Marked]) -> str:
    """The page's text."""
    tests = by_attack(marked)
    lines = [
        "# Attacks, and the tests that hold the line",
        "",
        "Written by `python scripts/attack_table.py` from the marks in the tests; `--run` runs them row by row.",
    ]
    for section, title in SECTIONS.items():
        lines += ["", f"## {section}. {title}", "", "| | attack | tests |", "| --- | --- | --- |"]
        for attack, what in ATTACKS.items():
            if re.fullmatch(rf"{section}-?[0-9]+a?", attack):
                lines.append(f"| {attack} | {what} | {_shown(tests[attack])} |")
    return "\n".join(lines) + "\n"


def _shown(tests: list[str]) -> str:
    return "<br>".join(f"`{test.removeprefix('tests/')}`" for test in tests) or "awaited"


def run(marked: list[Marked]) -> int:
    """Run each row's tests; returns 1 when one fails."""
    failed = 0
    for attack, tests in by_attack(marked).items():
        if not tests:
            print(f"{attack:5} awaited")
            continue
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        failed += done.returncode != 0
        print(
            f"{attack:5} {'held' if done.returncode == 0 else 'FAILED'}: {done.stdout.strip().splitlines()[-1]}",
            flush=True,
        )
    return 1 if failed else 0


def main() -> int:
    """Write, check or run the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="fail when the page or the marks are not as they should be")
    what.add_argument("--run", action="store_true", help="run the marked tests, row by row")
    arguments = parser.parse_args()
    marked = list(marked_tests())
    if arguments.run:
        return run(marked)
    found = problems(marked)
    if arguments.check and (not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page(marked)):
        found.append("docs/attacks.md is stale: python scripts/attack_table.py")
    if not arguments.check:
        PAGE.write_text(page(marked), encoding="utf-8")
    for problem in found:
        print(problem, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
