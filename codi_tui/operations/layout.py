"""A result as a person reads it, the same on a terminal and in the workspace."""

from __future__ import annotations

from codi_tui.limits import RENDERED_RESULT_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class ReadableOutput:
    """What a command writes to stdout, on its way to a person: a JSON document up to a size is laid out at its end."""

    def __init__(self, output_type: str) -> None:
        """
        Args:
            output_type: what the handler says that its stdout is.
        """
        self._document: bytearray | None = bytearray() if output_type == "json" else None

    def take(self, data: bytes) -> bytes:
        """What of all that came is to be written now."""
        if self._document is None:
            return data
        self._document += data
        if len(self._document) <= RENDERED_RESULT_BYTES:
            return b""
        held, self._document = self._document, None
        return bytes(held)

    def end(self) -> bytes:
        """What is left to be written at the command's end, whichever it was."""
        held, self._document = self._document, None
        if not held:
            return b""
        import json

        try:
            return lay_out(json.loads(held))
        except (ValueError, RecursionError):
            return bytes(held)


def is_text(data: bytes) -> bool:
    """Whether bytes can be shown as they begin: UTF-8 without NUL. They are cut between characters, as output events are."""
    try:
        return "\0" not in data.decode()
    except UnicodeDecodeError:
        return False


def lay_out(value: Any) -> bytes:
    """A JSON value: a flat object as aligned lines, text as itself, all else as indented JSON."""
    return f"{_lines(value)}\n".encode(errors="replace")


def _lines(value: Any) -> str:
    import json

    if isinstance(value, str):
        return value
    if isinstance(value, dict) and value and not any(isinstance(item, dict | list) for item in value.values()):
        width = max(len(name) for name in value)
        return "\n".join(f"{name:<{width}}  {_scalar(item)}" for name, item in value.items())
    return json.dumps(value, indent=2, ensure_ascii=False)


def _scalar(value: Any) -> str:
    import json

    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
