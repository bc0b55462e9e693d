"""Templates: what an unmodified program is given as argv and stdin, made from a command's checked values.

A template is text with placeholders: `{name}` is a parameter's value, `{name?text}` is the text when the boolean `name`
is true, `{{` and `}}` are braces. `argv` is a list of groups, each a template or a list of templates; `stdin` is one.
Nothing is split at spaces or read by a shell: whatever a value holds, it stays within the element that names it.
"""

from __future__ import annotations

import json
import re

from codi_tui.errors import UsageError
from codi_tui.limits import TEMPLATE_MAX_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from codi_tui.model.manifest import ArgumentDefinition

_TOKEN = re.compile(
    r"(?P<literal>\{\{|\}\}|[^{}]+)|\{(?P<name>[a-z][a-z0-9_-]{0,62})(?P<when>\?(?P<text>[^{}]*))?\}", re.ASCII
)


class _Placeholder:
    __slots__ = ("name", "text")

    def __init__(self, name: str, text: str | None) -> None:
        self.name = name
        self.text = text  # of a boolean, else None


def parse_template(template: str) -> list[str | _Placeholder]:
    """Its literal texts and placeholders, in order.

    Raises:
        ValueError: a brace that belongs to none of the four forms.
    """
    parts: list[str | _Placeholder] = []
    at = 0
    while at < len(template):
        match = _TOKEN.match(template, at)
        if match is None:
            raise ValueError("a brace that stands for itself is written twice: {{ or }}")
        literal = match["literal"]
        if literal is None:
            parts.append(_Placeholder(match["name"], match["text"] if match["when"] else None))
        else:
            parts.append(literal[0] if literal in ("{{", "}}") else literal)
        at = match.end()
    return parts


def expand_argv(
    argv: list[str | list[str]], parameters: Iterable[ArgumentDefinition], values: dict[str, Any]
) -> list[str]:
    """The program's argv. A group that names a parameter without a value is left out; one that names a parameter of
    several values is repeated for each.

    Raises:
        UsageError: a value holds a NUL, which no program can be given, or it is more than `TEMPLATE_MAX_BYTES` in all.
    """
    texts = _texts(parameters, values)
    words: list[str] = []
    left = TEMPLATE_MAX_BYTES
    for group in argv:
        parts = [parse_template(template) for template in ([group] if isinstance(group, str) else group)]
        for bound in _bindings(parts, texts):
            made = [_join(part, bound) for part in parts]
            left -= sum(len(word.encode(errors="surrogateescape")) + 1 for word in made)
            _within(left)
            if any("\0" in word for word in made):
                raise UsageError(["a value holds a NUL, which no program can be given"])
            words += made
    return words


def fill_stdin(template: str, parameters: Iterable[ArgumentDefinition], values: dict[str, Any]) -> bytes:
    """What the program reads; a parameter without a value is nothing.

    Raises:
        UsageError: as `expand_argv`.
    """
    texts = {name: item for name, item in _texts(parameters, values).items() if isinstance(item, str)}
    made = []
    left = TEMPLATE_MAX_BYTES
    for part in parse_template(template):
        text = _join([part], texts).encode(errors="surrogateescape")
        left -= len(text)
        _within(left)
        made.append(text)
    return b"".join(made)


def _texts(parameters: Iterable[ArgumentDefinition], values: dict[str, Any]) -> dict[str, str | list[str]]:
    """Every value as text; several values as a list."""
    texts: dict[str, str | list[str]] = {}
    for parameter in parameters:
        value = values.get(parameter.name)
        if value is None:
            continue
        several = parameter.multiple and isinstance(value, list)
        texts[parameter.name] = [_text(parameter, item) for item in value] if several else _text(parameter, value)
    return texts


def _text(parameter: ArgumentDefinition, value: Any) -> str:
    if isinstance(value, str) and parameter.type != "json":
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _bindings(parts: list[list[str | _Placeholder]], texts: dict[str, str | list[str]]) -> Iterator[dict[str, str]]:
    """The values with which a group is made: none when it is left out, one for each of several values."""
    wanted = [part for items in parts for part in items if not isinstance(part, str)]
    if any(texts.get(part.name) in (None, []) for part in wanted):
        return
    if any(part.text is not None and texts[part.name] != "true" for part in wanted):
        return
    bound = {part.name: texts[part.name] for part in wanted}
    several = next((name for name, text in bound.items() if isinstance(text, list)), None)
    for text in [""] if several is None else bound[several]:
        yield {name: item if isinstance(item, str) else text for name, item in bound.items()}


def _join(parts: list[str | _Placeholder], texts: dict[str, str]) -> str:
    return "".join(part if isinstance(part, str) else _shown(part, texts.get(part.name, "")) for part in parts)


def _shown(part: _Placeholder, text: str) -> str:
    if part.text is None:
        return text
    return part.text if text == "true" else ""


def _within(left_bytes: int) -> None:
    if left_bytes < 0:
        raise UsageError([f"the program would be given more than {TEMPLATE_MAX_BYTES} bytes"])


def template_problems(handler: dict[str, Any], parameters: list[dict[str, Any]]) -> Iterator[str]:
    """What is wrong with a handler's templates, beyond their shape."""
    known = {str(item.get("name")): item for item in parameters}
    argv, stdin = handler.get("argv"), handler.get("stdin")
    if isinstance(argv, list):
        if not argv or not isinstance(argv[0], str) or "{" in argv[0]:
            yield "argv begins with the program's name, which is no template"
        for at, group in enumerate(argv):
            templates = group if isinstance(group, list) else [group]
            for problem in _group_problems(templates, known):
                yield f"argv, element {at}: {problem}"
    if isinstance(stdin, str):
        for problem in _group_problems([stdin], known, several=False):
            yield f"stdin: {problem}"


def _group_problems(templates: list[Any], known: dict[str, Any], *, several: bool = True) -> Iterator[str]:
    repeated = set()
    for template in templates:
        if not isinstance(template, str):
            continue
        if "\0" in template:
            yield "it holds a NUL"
        try:
            parts = parse_template(template)
        except ValueError as error:
            yield str(error)
            continue
        for part in parts:
            if isinstance(part, str):
                continue
            definition = known.get(part.name)
            if definition is None:
                yield f"{{{part.name}}} is none of the command's arguments"
                continue
            boolean = definition.get("type") == "boolean" and not definition.get("multiple")
            if part.text is not None and not boolean:
                yield f"{{{part.name}?…}} is for a boolean"
            if definition.get("multiple"):
                repeated.add(part.name)
    if repeated and not several:
        yield f"{{{min(repeated)}}} has several values"
    if len(repeated) > 1:
        yield f"it names two parameters of several values: {', '.join(sorted(repeated))}"
