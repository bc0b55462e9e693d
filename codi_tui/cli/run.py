"""`codi run`, and `codi COMMAND`: one command, resolved, loaded, verified and run in this process."""

from __future__ import annotations

import os
import select

from codi_tui.cli.exits import INTERRUPTED, OK, status_of
from codi_tui.cli.narration import STDERR, notice, report
from codi_tui.cli.output import FORMATS, make_output
from codi_tui.config import load_settings
from codi_tui.errors import CodiError, FetchError, InputError, NotFoundError, UsageError
from codi_tui.limits import ARGUMENTS_MAX_BYTES
from codi_tui.lock import working_folder
from codi_tui.operations.core import assemble, drive
from codi_tui.operations.flags import RUN_OPTIONS_WITH_VALUE, RUN_SWITCHES, HelpWanted, parse_flags
from codi_tui.operations.recording import RecordedExecutor, record_refusal
from codi_tui.runtime import RuntimeMode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from codi_tui.errors import LimitError
    from codi_tui.execute.invocation import Invocation
    from codi_tui.library.client import Transport
    from codi_tui.loader import ResolvedCommand
    from codi_tui.network import Network
    from codi_tui.operations.core import Core
    from codi_tui.runs.history import PastRun
    from codi_tui.trust import Permissions


class Options:
    """codi's own options of one run; `again` is the run that it repeats. An output of None is the settings'."""

    def __init__(self) -> None:
        self.output: str | None = None
        self.arguments: dict[str, Any] = {}
        self.offline = False
        self.dry_run = False
        self.allow: list[str] = []
        self.timeout: float | None = None
        self.record = False
        self.allow_expired = False
        self.ask = False
        self.again: PastRun | None = None

    @property
    def machine(self) -> bool:
        """Whether a program reads what comes out, errors included."""
        return self.output in ("json", "jsonl")


def main(words: list[str]) -> int:
    """`codi run …`: returns the exit status. The guest may still be on its thread: end the process with `os._exit`."""
    options = Options()
    try:
        rest = _parse_options(words, options)
        if rest is None:
            from codi_tui.cli.help_pages import built_in_help

            return built_in_help(["run"])
        if not rest:
            raise UsageError(["which command?"], usage=_usage(), hint="codi help lists them")
        return _guarded(rest[0], rest[1:], options)
    except CodiError as error:
        return report(error, as_json=options.machine)


def bare(words: list[str]) -> int:
    """`codi COMMAND …`: everything behind the command is the command's own."""
    return _guarded(words[0], words[1:], Options())


def again(run: PastRun, arguments: dict[str, Any], words: list[str]) -> int:
    """A run that was, from its beginning: with those of its arguments that were kept; `words` win over them."""
    options = Options()
    options.arguments, options.again, options.record = arguments, run, run.output_bytes > 0
    return _guarded(f"{run.library}:{run.command}", words, options)


def _guarded(command: str, words: list[str], options: Options) -> int:
    try:
        if words[:1] in (["-h"], ["--help"]):
            from codi_tui.cli.help_pages import command_help

            return command_help(command)
        status: int = drive(_run(command, words, options))
    except CodiError as error:
        return report(error, as_json=options.machine)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return OK  # whoever reads has had enough
    return status


def _parse_options(words: list[str], options: Options) -> list[str] | None:
    """Read codi's own options; returns what follows them, or None when help is wanted."""
    rest = list(words)
    problems: list[str] = []
    while rest and rest[0].startswith("-"):
        name, equals, value = rest.pop(0).partition("=")
        if name == "--":
            break
        if name in ("-h", "--help"):
            return None
        if name in RUN_SWITCHES:
            if equals:
                problems.append(f"{name} takes no value")
            _set_switch(options, name)
        elif name not in RUN_OPTIONS_WITH_VALUE:
            problems.append(_no_such_option(name))
        elif not equals and not rest:
            problems.append(f"{name} needs a value")
        else:
            try:
                _set_value(options, name, value if equals else rest.pop(0))
            except ValueError as error:
                problems.append(str(error))
    if problems:
        raise UsageError(problems, usage=_usage(), hint="codi run --help")
    return rest


def _no_such_option(name: str) -> str:
    from codi_tui.manual.words import did_you_mean

    near = did_you_mean(name, (*RUN_SWITCHES, *RUN_OPTIONS_WITH_VALUE))
    return f"{name[:80]} is not one of codi's options here" + (near or "; the command's own stand behind it")


def _usage() -> str:
    from codi_tui.manual.pages import usage
    from codi_tui.manual.run import RUN

    return usage(RUN)


def _set_switch(options: Options, name: str) -> None:
    if name == "--json":
        options.output = "json"
    else:
        setattr(options, name[2:].replace("-", "_"), True)


def _set_value(options: Options, name: str, value: str) -> None:
    if name == "--output":
        if value not in FORMATS:
            raise ValueError(f"--output must be one of {', '.join(FORMATS)}")
        options.output = value
    elif name == "--args":
        options.arguments = _read_arguments(value)
    elif name == "--allow":
        options.allow.append(value)
    else:
        try:
            options.timeout = float(value)
        except ValueError:
            options.timeout = -1
        if not 0 < options.timeout < 1e9:
            raise ValueError("--timeout must be a number of seconds above 0")


def _read_arguments(value: str) -> dict[str, Any]:
    from codi_tui.errors import DocumentError
    from codi_tui.trust.canonical import loads_strict

    if value.startswith("@"):
        try:
            with open(0 if value == "@-" else value[1:], "rb", closefd=value != "@-") as file:
                data = file.read(ARGUMENTS_MAX_BYTES + 1)
        except OSError as error:
            raise InputError(f"cannot read {value[1:]}: {error.strerror}") from None
    else:
        data = value.encode(errors="surrogateescape")
    if len(data) > ARGUMENTS_MAX_BYTES:
        raise ValueError(f"--args is larger than {ARGUMENTS_MAX_BYTES} bytes")
    try:
        arguments = loads_strict(data)
    except DocumentError as error:
        raise InputError(f"--args: {error.message}", hint="such as --args '{\"width\": 60}'") from None
    if not isinstance(arguments, dict):
        raise ValueError("--args must be a JSON object")
    return arguments


async def _run(command: str, words: list[str], options: Options) -> int:
    from codi_tui.cache.storage import BlockingStorage

    settings = load_settings(RuntimeMode.detect().settings_path())
    options.output = options.output or settings.run.output
    core = await assemble(
        connect=BlockingStorage.open,
        transport=_transport,
        offline=options.offline,
        settings=settings,
        notice=notice,
        folder=working_folder(),
        allow_expired=options.allow_expired,
    )
    try:
        resolved = await core.loader.load_command(command)
    except (NotFoundError, FetchError) as error:
        from codi_tui.cli.suggestions import with_suggestions

        raise await with_suggestions(core, command, error) from None
    except CodiError as error:
        await record_refusal(core, "run", command, error)
        raise
    if options.allow_expired:
        from codi_tui.cli.consent import confirm_expired

        confirm_expired(core, resolved.library)
    if options.again is not None:
        from codi_tui.operations.sessions import check_again

        check_again(options.again, resolved.library, notice)
    try:
        if options.ask:
            from codi_tui.cli.asking import ask_for_missing

            options.arguments = ask_for_missing(resolved.definition, words, options.arguments)
        arguments = parse_flags(resolved.definition, words, options.arguments)
    except HelpWanted:
        from codi_tui.cli.help_pages import show_command

        return show_command(resolved)
    if options.dry_run:
        from codi_tui.cli.dry_run import dry_run

        return await dry_run(core, resolved, arguments, options.allow, options.timeout or core.run.timeout)
    from codi_tui.execute.invocation import Invocation

    try:
        permissions = await _authorize(core, resolved, command, options)
    except CodiError as error:
        await record_refusal(core, "run", resolved.definition.path, error)
        raise
    invocation = Invocation(resolved.library, resolved.definition, arguments, permissions, options.timeout)
    return await _execute(core, invocation, options)


async def _authorize(core: Core, resolved: ResolvedCommand, command: str, options: Options) -> Permissions:
    library, definition = resolved.library, resolved.definition
    from codi_tui.trust.policy import BUNDLED, Permissions

    if library.origin == BUNDLED:  # there is nothing to ask, and this is the hot path
        return Permissions(library, definition.path, options.allow)
    from codi_tui.cli.consent import terminal_ask
    from codi_tui.operations.grants import authorize

    return await authorize(
        core, library, definition, allow=options.allow, ask=terminal_ask(), written=command, notice=notice
    )


async def _execute(core: Core, invocation: Invocation, options: Options) -> int:
    from codi_tui.execute.staging import remove_runs_of
    from codi_tui.execute.wall import make_room
    from codi_tui.operations.executors import needs_event_loop, one_shot_executor

    def clean_up(error: LimitError | None = None) -> None:
        make_room()
        remove_runs_of(core.runs_folder, os.getpid())
        drive(executor.end(error))

    def overdue(error: LimitError) -> NoReturn:
        clean_up(error)
        if select.select([], [STDERR], [], 0)[1]:
            output.clear()
            report(error, as_json=options.machine)
        os._exit(status_of(error.code))

    executor = RecordedExecutor(one_shot_executor(core, overdue), core, "run", output=options.record)
    _when_terminated(clean_up)
    output = make_output(options.output or "text", invocation.definition.handler.output)
    if needs_event_loop(invocation.definition.handler):
        from codi_tui.cli.remote import show_on_a_loop

        show_on_a_loop(executor, invocation, output)
        return output.status
    events = executor.execute(invocation)
    try:
        async for event in events:
            output.show(event)
    finally:
        output.clear()
        await events.aclose()
    return output.status


def _when_terminated(clean_up: Callable[[], None]) -> None:
    """Leave no staged file behind when the process is asked to end; then end as it would have."""
    import signal

    def end(number: int, _: object) -> None:
        clean_up()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, end)


def _transport(network: Network) -> Transport:
    from codi_tui.library.http import BlockingTransport, HttpTransport

    return BlockingTransport(HttpTransport(network))
