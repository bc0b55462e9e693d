"""The manifest's schema, in pydantic: asked once for each digest, when verified bytes first come in.

Unknown members are let through (they are signed, and a newer publisher may know more); an unknown handler type, module
format or required feature is refused, because ignoring it would change what runs.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, ValidationError

from codi_tui.errors import DocumentError
from codi_tui.limits import (
    ASKED_CPU_SECONDS_MAX,
    ASKED_MEMORY_BYTES_MAX,
    ASKED_OUTPUT_BYTES_MAX,
    ASKED_WALL_SECONDS_MAX,
    DESCRIPTION_MAX_CHARACTERS,
    KIB,
)
from codi_tui.model.names import COMMAND_NAME, LIBRARY_NAME, PARAMETER_NAME
from codi_tui.model.permission import parse_permission
from codi_tui.model.quantities import BY_KIND
from codi_tui.model.rules import Problem, manifest_problems


def _permission(text: str) -> str:
    if parse_permission(text).kind in BY_KIND:
        raise ValueError("not for this list: a handler's limits ask for it")
    return text


Description = Annotated[StrictStr, Field(max_length=DESCRIPTION_MAX_CHARACTERS)]
Decimal = Annotated[StrictStr, Field(pattern=r"^-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?$")]
Semver = Annotated[
    StrictStr,
    Field(
        max_length=160,
        pattern=r"^(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}"
        r"(-(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(\.(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*)?"
        r"(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$",
    ),
]
"""The grammar of semver 2.0. The semver library orders versions; importing it to check one would cost 24 ms."""
Permission = Annotated[StrictStr, AfterValidator(_permission)]
Dependency = Annotated[StrictStr, Field(pattern=r"^[a-z][a-z0-9-]{0,62}(@\^?[0-9]+(\.[0-9]+){0,2})?$")]
CommandName = Annotated[StrictStr, Field(pattern=COMMAND_NAME)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class _Parameter(_Part):
    name: Annotated[StrictStr, Field(pattern=PARAMETER_NAME)]
    type: Literal["string", "integer", "number", "boolean", "path", "json"]
    description: Description
    required: StrictBool = False
    default: Any = None
    enum: Annotated[list[StrictStr | StrictInt], Field(min_length=1, max_length=256)] | None = None
    minimum: StrictInt | Decimal | None = None
    maximum: StrictInt | Decimal | None = None
    min_length: Annotated[StrictInt, Field(ge=0)] | None = None
    max_length: Annotated[StrictInt, Field(ge=0)] | None = None
    format: Annotated[StrictStr, Field(max_length=64)] | None = None
    multiple: StrictBool = False
    secret: StrictBool = False
    placeholder: Annotated[StrictStr, Field(max_length=64)] | None = None
    access: Literal["read", "write"] | None = None


class _Option(_Parameter):
    short: Annotated[StrictStr, Field(pattern=r"^[A-Za-z0-9]$")] | None = None


class _Limits(_Part):
    wall_seconds: Annotated[StrictInt, Field(ge=1, le=ASKED_WALL_SECONDS_MAX)] | None = None
    cpu_seconds: Annotated[StrictInt, Field(ge=1, le=ASKED_CPU_SECONDS_MAX)] | None = None
    memory_bytes: Annotated[StrictInt, Field(ge=64 * KIB, le=ASKED_MEMORY_BYTES_MAX)] | None = None
    output_bytes: Annotated[StrictInt, Field(ge=1, le=ASKED_OUTPUT_BYTES_MAX)] | None = None


Template = Annotated[StrictStr, Field(max_length=4096)]


class _Handler(_Part):
    type: Literal["websocket", "wasm", "local"]
    endpoint: Annotated[StrictStr, Field(max_length=2048)] | None = None
    function: Annotated[StrictStr, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,127}$")] | None = None
    fallback: _Handler | None = None
    output: Literal["text", "json", "jsonl", "markdown", "csv", "events", "bytes"] = "text"
    limits: _Limits | None = None
    argv: (
        Annotated[list[Template | Annotated[list[Template], Field(min_length=1, max_length=16)]], Field(max_length=256)]
        | None
    ) = None
    stdin: Annotated[StrictStr, Field(max_length=65_536)] | None = None


class _Example(_Part):
    description: Description
    command: Annotated[StrictStr, Field(max_length=4096)]


class _Subcommand(_Part):
    description: Description
    arguments: Annotated[list[_Parameter], Field(max_length=64)]
    options: Annotated[list[_Option], Field(max_length=256)]
    handler: _Handler
    examples: Annotated[list[_Example], Field(max_length=64)] | None = None
    annotations: dict[StrictStr, StrictBool] | None = None


class _Command(_Part):
    description: Description
    subcommands: dict[CommandName, _Subcommand]


class _Library(_Part):
    name: Annotated[StrictStr, Field(pattern=LIBRARY_NAME)]
    version: Semver
    description: Description
    permissions: Annotated[list[Permission], Field(max_length=256)]
    dependencies: Annotated[list[Dependency], Field(max_length=64)]
    requires: list[StrictStr] = []


class _WasmModule(_Part):
    format: Literal["wasi-command", "core", "component"]
    exports: list[StrictStr]


class _Manifest(_Part):
    library: _Library
    commands: dict[CommandName, _Command]
    wasm_module: _WasmModule | None = None


_SHOWN_PROBLEMS = 20
_OPEN = frozenset({"type", "format", "output"})
"""Members whose unknown values a newer codi may know."""


def validate_manifest(document: object, *, library: str | None = None) -> None:
    """Check a parsed manifest against the schema (the record, section 4; design, section 4).

    Raises:
        DocumentError: `E_SCHEMA`, naming every problem at once; `E_UNSUPPORTED` when all of it is something that a
            newer codi may know; `E_TOO_LARGE` when all of it is beyond a limit; `E_NAME_RESERVED` when a command takes
            a built-in's name.
    """
    try:
        problems = [*_shape_problems(document), *manifest_problems(document)]
    except RecursionError:
        raise DocumentError("the manifest is nested too deeply", code="E_SCHEMA", library=library) from None
    if problems:
        said = "; ".join(f"{problem.where[:200]}: {problem.message}" for problem in problems[:_SHOWN_PROBLEMS])
        raise DocumentError(f"the manifest is not valid: {said}"[:2000], code=_code(problems), library=library)


def _shape_problems(document: object) -> list[Problem]:
    try:
        _Manifest.model_validate(document)
    except ValidationError as error:
        return [
            Problem(
                ".".join(str(part) for part in item["loc"]) or "manifest",
                item["msg"].removeprefix("Value error, "),
                _kind(item["type"], item["loc"]),
            )
            for item in error.errors(include_input=False, include_url=False)
        ]
    return []


def _kind(error: str, where: tuple[int | str, ...]) -> Literal["schema", "newer", "large"]:
    if error == "string_too_long" and where[-1] == "description":
        return "large"
    return "newer" if error == "literal_error" and where[-1] in _OPEN else "schema"


def _code(problems: list[Problem]) -> str:
    kinds = {problem.kind for problem in problems}
    if "reserved" in kinds:
        return "E_NAME_RESERVED"
    if kinds == {"large"}:
        return "E_TOO_LARGE"
    return "E_UNSUPPORTED" if kinds == {"newer"} else "E_SCHEMA"
