"""`codi help`: built-ins and library commands from text that was rendered before; one command's help from its schema."""

from __future__ import annotations

import os

from codi_tui.runtime import LISTING, RuntimeMode, bundled_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from codi_tui.model.manifest import ArgumentDefinition, SubcommandDefinition
    from codi_tui.trust import CommandLibrary

BUILT_INS_HELP = """codi runs your team's commands: signed libraries, verified before every run, in a sandbox.

Usage:
  codi COMMAND [its flags]             run a library command
  codi run [options] COMMAND [flags]   the same, with options: codi run --help
  codi help [COMMAND]                  this list, or one command's help
  codi --version

Built-ins:
  auth      whom codi trusts: codi auth --help
  help      built-ins and library commands
  run       one command, for scripts and pipes
  ui        the workspace: browse, fill a form, run, watch
  config    what was granted to libraries: codi config --help
  sync      the local copy: fetch, pin, look over, carry to a machine without a network
  session   the runs that were, and their recorded output
  log       what codi did, and the audit trail
"""


def main(words: list[str]) -> int:
    """`codi help [COMMAND]`: returns the exit status."""
    if not words or words[0] in ("-h", "--help"):
        _write(overview())
        return 0
    return _one(words[0])


def overview() -> bytes:
    """Everything that can be run here, from rendered text only."""
    paths = (bundled_folder(), RuntimeMode.detect().data_folder())
    return b"".join([BUILT_INS_HELP.encode(), *(_listing(os.path.join(folder, LISTING)) for folder in paths)])


_LISTING_MAX_BYTES = 1 << 20
_PLAIN = bytes(range(0x20, 0x7F)) + b"\n"


def _listing(path: str) -> bytes:
    """A rendered list. It was sanitised when it was rendered; what is not plain now is sanitised again."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return b""
    try:
        data = os.read(descriptor, _LISTING_MAX_BYTES)
    except OSError:
        return b""
    finally:
        os.close(descriptor)
    if data.translate(None, _PLAIN):
        from codi_tui.text import sanitize

        data = sanitize(data.decode(errors="replace")).encode()
    return b"\n" + data if data else b""


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]


def _one(word: str) -> int:
    from codi_tui.cli import absent, run
    from codi_tui.model.names import BUILT_INS

    if word == "help":
        return main([])
    if word == "run":
        return run.main(["--help"])
    if word == "auth":
        from codi_tui.cli import auth

        return auth.main(["--help"])
    if word == "config":
        from codi_tui.cli import config

        return config.main(["--help"])
    return absent.main(word) if word in BUILT_INS else run.bare([word, "--help"])


def command_help(library: CommandLibrary, definition: SubcommandDefinition) -> str:
    """The help of one command, from its verified manifest; sanitised."""
    from codi_tui.operations.flags import usage_line
    from codi_tui.text import sanitize

    lines = [_one_line(definition.description), "", _one_line(usage_line(definition))]
    for title, parameters in (("Arguments", definition.arguments), ("Options", definition.options)):
        if parameters:
            lines += ["", f"{title}:", *_aligned([(_written(item), _explained(item)) for item in parameters])]
    examples = [(str(item["command"]), str(item["description"])) for item in definition.examples]
    if examples:
        lines += ["", "Examples:", *_aligned(examples)]
    permissions = library.manifest.permissions
    lines += ["", f"From {library.name} {library.version} ({library.origin}), signed by {library.key_id[:24]}…"]
    if permissions:
        lines.append(f"The library may ask for: {', '.join(permissions)}")
    return sanitize("\n".join(lines)) + "\n"


def _written(parameter: ArgumentDefinition) -> str:
    from codi_tui.model.manifest import OptionDefinition
    from codi_tui.operations.flags import placeholder

    if not isinstance(parameter, OptionDefinition):
        return placeholder(parameter) + ("…" if parameter.multiple else "")
    short = f"-{parameter.short}, " if parameter.short else "    "
    value = "" if parameter.type == "boolean" else f" {placeholder(parameter)}"
    return f"{short}--{parameter.name}{value}"


def _explained(parameter: ArgumentDefinition) -> str:
    document = parameter.document
    notes = ["required"] if parameter.required else []
    if document.get("enum"):
        notes.append(f"one of {', '.join(str(item) for item in document['enum'])}")
    low, high = document.get("minimum"), document.get("maximum")
    if low is not None or high is not None:
        notes.append(f"{'…' if low is None else low} to {'…' if high is None else high}")
    if parameter.multiple:
        notes.append("may be repeated")
    default = document.get("default")
    if default not in (None, "", False):
        notes.append(f"default {default}")
    return parameter.description + (f" ({'; '.join(notes)})" if notes else "")


def _one_line(text: str) -> str:
    """A publisher's text without lines of its own, which could pass for codi's."""
    return " ".join(text.split())


def _aligned(rows: list[tuple[str, str]]) -> list[str]:
    rows = [(left.replace("\n", " "), _one_line(right)) for left, right in rows]
    width = min(max(len(left) for left, _ in rows), 28)
    return [
        f"  {left:<{width}}  {right}" if len(left) <= width else f"  {left}\n  {'':<{width}}  {right}"
        for left, right in rows
    ]
