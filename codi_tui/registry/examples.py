"""`codi-registry test`: each example of the manifest, run as a user would run it, and compared with what it promises.

An example's `command` is its command line. Beside it stand `stdin`, `output` and `exit_status` (0); and where a command
line is not enough, `arguments` (values by name) and `files` (an argument's name, and the text of the file that it is).
"""

from __future__ import annotations

import asyncio
import contextlib
import difflib
import json
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from codi_tui.errors import CodiError, InputError, UsageError
from codi_tui.execute.executor import DynamicExecutor
from codi_tui.execute.invocation import Invocation
from codi_tui.execute.process import WorkerExecutor
from codi_tui.limits import COLLECTED_RESULT_BYTES
from codi_tui.model.manifest import SubcommandDefinition
from codi_tui.operations.command_line import read_line
from codi_tui.operations.flags import HelpWanted, parse_flags
from codi_tui.registry.outcome import Outcome
from codi_tui.registry.project import SOURCE_FILE, open_project
from codi_tui.registry.trial import modules_folder, trial_library
from codi_tui.trust import CommandLibrary, Permissions, VerifiedModule

_DIFF_LINES = 40


class Result:
    """What became of one example.

    Attributes:
        problem: why it is not as promised, or None.
        diff: how the output differs, line by line.
        skipped: why it was not run, or None.
    """

    def __init__(self, command: str, example: dict[str, Any]) -> None:
        self.command = command
        self.line = str(example["command"])
        self.description = str(example["description"])
        self.problem: str | None = None
        self.skipped: str | None = None
        self.diff: list[str] = []
        self.seconds = 0.0

    def facts(self) -> dict[str, Any]:
        status = "skipped" if self.skipped else "failed" if self.problem else "passed"
        named = {"command": self.command, "description": self.description, "line": self.line, "status": status}
        return {**named, "problem": self.problem or self.skipped, "diff": self.diff, "seconds": round(self.seconds, 3)}

    def lines(self) -> list[str]:
        mark = "-" if self.skipped else "✗" if self.problem else "✓"
        why = self.problem or self.skipped
        head = f"{mark} {self.line}  {self.description}"
        return [head, *([f"    {why}"] if why else []), *(f"    {line}" for line in self.diff)]


def test(folder: Path) -> Outcome:
    """Run every example of a library; the status is 1 when one is not as promised, or there is none.

    Raises:
        CodiError: the library is not built, or no client would accept it.
    """
    project = open_project(folder)
    library = trial_library(project)
    results = asyncio.run(_run_all(library, str(modules_folder(project))))
    failed = sum(result.problem is not None for result in results)
    facts = {"library": library.name, "failed": failed, "examples": [result.facts() for result in results]}
    lines = [line for result in results for line in result.lines()]
    if not results:
        lines.append(f"✗ {library.name} has no examples: what a command promises stands in {SOURCE_FILE}")
    elif failed:
        lines.append(f"{failed} of {len(results)} examples are not as promised")
    else:
        lines += [f"{len(results)} examples are as promised", f"next: codi-registry sign {folder}"]
    return Outcome(facts, lines, 1 if failed or not results else 0)


async def _run_all(library: CommandLibrary, compiled: str) -> list[Result]:
    async def load_module(library: CommandLibrary) -> VerifiedModule:
        if library.module is None:
            raise InputError(f"{library.name} has no module")
        return library.module

    results = []
    with tempfile.TemporaryDirectory(prefix="codi-registry-") as temporary:
        executor = DynamicExecutor({"wasm": WorkerExecutor(compiled, f"{temporary}/runs", load_module)})
        for definition in library.manifest.walk():
            for number, example in enumerate(definition.examples):
                result = Result(definition.path, example)
                place = Path(temporary) / f"{definition.path}-{number}"
                place.mkdir()
                begun = time.monotonic()
                await _run(executor, library, definition, example, place, result)
                result.seconds = time.monotonic() - begun
                results.append(result)
    return results


async def _run(
    executor: DynamicExecutor,
    library: CommandLibrary,
    definition: SubcommandDefinition,
    example: dict[str, Any],
    place: Path,
    result: Result,
) -> None:
    if definition.handler.handler_type != "wasm":
        result.skipped = f"not run here: it is handled by {definition.handler.handler_type}"
        return
    try:
        arguments, stdin = _inputs(definition, example, place)
        expected, status = _promised(example)
    except CodiError as error:
        result.problem = f"{error.message} ({error.code})"
        return
    except HelpWanted:
        result.skipped = "not run: it asks for help"
        return
    permissions = Permissions(library, definition.path, library.manifest.library.permissions)
    invocation = Invocation(library, definition, arguments, permissions, stdin=_feed(stdin))
    await _compare(executor, invocation, expected, status, result)


async def _compare(
    executor: DynamicExecutor, invocation: Invocation, expected: str | None, status: int, result: Result
) -> None:
    """Take a run to its end, and note how it differs from what was promised."""
    output, complaint = bytearray(), bytearray()
    async with contextlib.aclosing(executor.execute(invocation)) as events:
        async for event in events:
            if event.type == "output":
                (output if event.fields["stream"] == "stdout" else complaint).extend(event.data)
            elif event.type == "result":
                output += f"{json.dumps(event.fields['value'], ensure_ascii=False)}\n".encode(errors="replace")
            elif event.type == "failed":
                error = event.fields["error"]
                result.problem = f"{error['message']} ({error['code']})"
            elif event.type == "completed" and event.fields["exit_status"] != status:
                result.problem = f"it ended with status {event.fields['exit_status']} instead of {status}"
            if len(output) + len(complaint) > COLLECTED_RESULT_BYTES:
                result.problem = f"it wrote more than {COLLECTED_RESULT_BYTES} bytes"
                return
    if result.problem:
        result.diff = complaint.decode(errors="replace").splitlines()[:_DIFF_LINES]
    elif expected is not None and bytes(output) != expected.encode():
        result.problem = "the output is not what the example promises (- promised, + got)"
        result.diff = _difference(expected, output.decode(errors="replace"))


def _inputs(definition: SubcommandDefinition, example: dict[str, Any], place: Path) -> tuple[dict[str, Any], bytes]:
    """An example's arguments, as they stand there or from its command line, and its stdin.

    Raises:
        UsageError, InputError: they are not what the command takes, or the line needs more than stands there.
    """
    given, files, stdin = example.get("arguments"), example.get("files", {}), example.get("stdin")
    if not isinstance(files, dict) or not (given is None or isinstance(given, dict)):
        raise InputError('"arguments" and "files" are objects, by the names of arguments')
    line = read_line(example["command"])
    if given is None and (line is None or line.command != definition.path):
        raise UsageError([f'the line does not begin with "codi {definition.path}": say its "arguments" beside it'])
    if stdin is None and line is not None:
        stdin = line.stdin
        if stdin is not None and stdin.startswith("@"):
            raise UsageError(['the line reads a file: say its text beside it, as "stdin"'])
    if not isinstance(stdin, str | None):
        raise InputError('"stdin" is a text')
    named: dict[str, Any] = dict(given or (line.given if line is not None else {}))
    for number, (name, text) in enumerate(files.items()):
        path = place / f"{number}-{Path(name).name}"
        path.write_text(str(text), "utf-8", newline="")
        named[name] = str(path)
    words = line.words if given is None and line is not None else []
    return parse_flags(definition, words, named), (stdin or "").encode()


def _promised(example: dict[str, Any]) -> tuple[str | None, int]:
    """The output and the status that an example promises."""
    output, status = example.get("output"), example.get("exit_status", 0)
    if not isinstance(output, str | None) or type(status) is not int:
        raise InputError('"output" is a text, and "exit_status" a whole number')
    return output, status


async def _feed(data: bytes) -> AsyncIterator[bytes]:
    yield data


def _difference(expected: str, got: str) -> list[str]:
    """The lines that differ, with a few around them."""
    lines = [
        line if line.endswith("\n") else f"{line}  (no newline at the end)"
        for line in difflib.unified_diff(expected.splitlines(True), got.splitlines(True), n=2, lineterm="\n")
        if not line.startswith(("---", "+++", "@@"))
    ]
    more = len(lines) - _DIFF_LINES
    return [line.rstrip("\n") for line in lines[:_DIFF_LINES]] + ([f"… and {more} more lines"] if more > 0 else [])
