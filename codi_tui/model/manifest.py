"""Thin typed views of a manifest (the record, section 4).

A view reads the parsed document in place and checks nothing: it is only ever put over bytes that were verified now and
whose shape `codi_tui.model.schema` accepted when they first came in. A property test holds the two to the same answers.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Literal

    HandlerType = Literal["websocket", "wasm", "local"]
    WasmFormat = Literal["wasi-command", "core", "component"]
    ArgumentType = Literal["string", "integer", "number", "boolean", "path", "json"]
    OutputType = Literal["text", "json", "jsonl", "markdown", "csv", "events", "bytes"]

MANIFEST_TYPE = "codi/library-manifest/v1"
SCHEMA_VERSION = 4
"""Recorded beside a stored library: one that an older schema accepted is validated again."""


class _View:
    __slots__ = ("document",)

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document


class LibraryMetadata(_View):
    """Who the library is: the manifest's `library` member."""

    __slots__ = ()

    @property
    def name(self) -> str:
        return str(self.document["name"])

    @property
    def version(self) -> str:
        return str(self.document["version"])

    @property
    def description(self) -> str:
        return str(self.document["description"])

    @property
    def permissions(self) -> list[str]:
        return list(self.document["permissions"])

    @property
    def dependencies(self) -> list[str]:
        return list(self.document["dependencies"])

    @property
    def sequence(self) -> int | None:
        """The number that its publisher counts up, or None in a document of the record's plain shape."""
        return self.document.get("sequence")

    @property
    def issued_at(self) -> str | None:
        """RFC 3339 in UTC, or None."""
        return self.document.get("issued_at")

    @property
    def expires_at(self) -> str | None:
        """RFC 3339 in UTC, or None for a library that does not expire."""
        return self.document.get("expires_at")


class HandlerDefinition(_View):
    """What handles a command, and what may stand in for it when it is not available."""

    __slots__ = ()

    @property
    def handler_type(self) -> HandlerType:
        handler_type: HandlerType = self.document["type"]
        return handler_type

    @property
    def endpoint(self) -> str | None:
        return self.document.get("endpoint")

    @property
    def function(self) -> str | None:
        return self.document.get("function")

    @property
    def fallback(self) -> HandlerDefinition | None:
        fallback = self.document.get("fallback")
        return None if fallback is None else HandlerDefinition(fallback)

    @property
    def output(self) -> OutputType:
        output: OutputType = self.document.get("output", "text")
        return output

    @property
    def argv(self) -> list[str | list[str]] | None:
        """The templates of an unmodified program's argv (`codi_tui.model.template`), or None."""
        return self.document.get("argv")

    @property
    def stdin(self) -> str | None:
        """The template of its stdin, or None: stdin is the user's."""
        return self.document.get("stdin")

    @property
    def limits(self) -> dict[str, int]:
        """`wall_seconds`, `cpu_seconds`, `memory_bytes`, `output_bytes`: what it asks for instead of the defaults."""
        return self.document.get("limits") or {}


class ArgumentDefinition(_View):
    """One argument, by position."""

    __slots__ = ()

    @property
    def name(self) -> str:
        return str(self.document["name"])

    @property
    def type(self) -> ArgumentType:
        argument_type: ArgumentType = self.document["type"]
        return argument_type

    @property
    def description(self) -> str:
        return str(self.document["description"])

    @property
    def required(self) -> bool:
        return bool(self.document.get("required", False))

    @property
    def multiple(self) -> bool:
        return bool(self.document.get("multiple", False))

    @property
    def access(self) -> Literal["read", "write"]:
        """What a path may be used for."""
        return "write" if self.document.get("access") == "write" else "read"


class OptionDefinition(ArgumentDefinition):
    """One option, by name."""

    __slots__ = ()

    @property
    def short(self) -> str | None:
        return self.document.get("short")


class SubcommandDefinition(_View):
    """One command: `prompt.generate` is subcommand `generate` of command `prompt`."""

    __slots__ = ("path",)

    def __init__(self, document: dict[str, Any], path: str) -> None:
        super().__init__(document)
        self.path = path

    @property
    def description(self) -> str:
        return str(self.document["description"])

    @property
    def arguments(self) -> list[ArgumentDefinition]:
        return [ArgumentDefinition(item) for item in self.document["arguments"]]

    @property
    def options(self) -> list[OptionDefinition]:
        return [OptionDefinition(item) for item in self.document["options"]]

    @property
    def parameters(self) -> list[ArgumentDefinition]:
        """Arguments, then options."""
        return [*self.arguments, *self.options]

    @property
    def handler(self) -> HandlerDefinition:
        return HandlerDefinition(self.document["handler"])

    @property
    def handlers(self) -> Iterator[HandlerDefinition]:
        """The handler, and what may stand in for it, in turn."""
        handler: HandlerDefinition | None = self.handler
        while handler is not None:
            yield handler
            handler = handler.fallback

    @property
    def examples(self) -> list[dict[str, Any]]:
        return self.document.get("examples") or []

    @property
    def annotations(self) -> dict[str, bool]:
        return self.document.get("annotations") or {}


class CommandDefinition(_View):
    """A group of subcommands."""

    __slots__ = ()

    @property
    def description(self) -> str:
        return str(self.document["description"])

    @property
    def subcommands(self) -> dict[str, Any]:
        return dict(self.document["subcommands"])


class WasmModule(_View):
    """How the library's module is to be run; its bytes travel beside the signed part."""

    __slots__ = ()

    @property
    def format(self) -> WasmFormat:
        wasm_format: WasmFormat = self.document["format"]
        return wasm_format

    @property
    def exports(self) -> list[str]:
        return list(self.document["exports"])


class LibraryManifest(_View):
    """The whole manifest."""

    __slots__ = ()

    @property
    def library(self) -> LibraryMetadata:
        return LibraryMetadata(self.document["library"])

    @property
    def commands(self) -> dict[str, CommandDefinition]:
        return {name: CommandDefinition(item) for name, item in self.document["commands"].items()}

    @property
    def permissions(self) -> list[str]:
        """All that the library declares: its list, and each limit beyond the usual that one of its handlers asks for."""
        asked = [handler.limits for command in self.walk() for handler in command.handlers if handler.limits]
        listed = self.library.permissions
        if not asked:
            return listed
        from codi_tui.model.quantities import limit_permissions

        return [*listed, *dict.fromkeys(name for limits in asked for name in limit_permissions(limits))]

    @property
    def wasm_module(self) -> WasmModule | None:
        module = self.document.get("wasm_module")
        return None if module is None else WasmModule(module)

    def find(self, path: str) -> SubcommandDefinition | None:
        """The command at a path such as `text.count`, or None."""
        group, _, name = path.partition(".")
        try:
            return SubcommandDefinition(self.document["commands"][group]["subcommands"][name], path)
        except KeyError:
            return None

    def walk(self) -> Iterator[SubcommandDefinition]:
        """Every command, in the order of their paths."""
        commands = self.document["commands"]
        for group in sorted(commands):
            subcommands = commands[group]["subcommands"]
            for name in sorted(subcommands):
                yield SubcommandDefinition(subcommands[name], f"{group}.{name}")
