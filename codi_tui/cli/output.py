"""How a run's events come out: as text, JSON, JSON lines, or the guest's own bytes."""

from __future__ import annotations

import os

from codi_tui.cli.exits import CRASHED, status_of, status_of_guest
from codi_tui.cli.narration import STDERR, STDOUT, notice, report_document, report_failure, write_all, write_stderr
from codi_tui.errors import HandlerError, LimitError
from codi_tui.limits import COLLECTED_RESULT_BYTES, RENDERED_RESULT_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from codi_tui.model.events import RunEvent

FORMATS = ("text", "json", "jsonl", "raw")


def make_output(output_format: str, guest_output: str) -> Output:
    """The output of a format, for a handler whose stdout is of a type."""
    if output_format == "jsonl":
        return JsonLinesOutput()
    if output_format == "json":
        return JsonOutput(guest_output)
    return TextOutput(guest_output) if output_format == "text" else Output()


class Output:
    """`raw`: the guest's stdout byte for byte. The base of the others."""

    def __init__(self, *, safe_stdout: bool = False) -> None:
        self.status = CRASHED
        self._safe_stdout = safe_stdout
        self._safe_stderr = os.isatty(STDERR)

    def show(self, event: RunEvent) -> None:
        """Show one event. Raises as `write_all` does when stdout cannot be written."""
        if event.type == "output":
            if event.fields["stream"] == "stdout":
                self.write(event.data)
            else:
                write_stderr(_sanitized(event.data) if self._safe_stderr else event.data)
        elif event.type == "result":
            self.result(event.fields["value"])
        elif event.type == "log":
            notice(event.fields["message"])
        elif event.type == "completed":
            self.status = status_of_guest(event.fields["exit_status"])
            self.end()
        elif event.type == "failed":
            self.status = status_of(event.fields["error"]["code"])
            self.failure(event.fields["error"])

    def write(self, data: bytes) -> None:
        """A part of what goes to stdout."""
        write_all(STDOUT, _sanitized(data) if self._safe_stdout else data)

    def result(self, value: Any) -> None:
        """A structured result."""
        import json

        self.write(f"{json.dumps(value, ensure_ascii=False)}\n".encode(errors="replace"))

    def end(self) -> None:
        """The command came to its own end."""

    def failure(self, document: dict[str, str | None]) -> None:
        """It did not; what it wrote until then has been shown."""
        report_failure(document)


class TextOutput(Output):
    """`text`: for people. Sanitised on a terminal, unchanged elsewhere; a small JSON result is laid out for reading."""

    def __init__(self, guest_output: str) -> None:
        super().__init__(safe_stdout=os.isatty(STDOUT))
        self._document: bytes | None = b"" if guest_output == "json" else None

    def write(self, data: bytes) -> None:
        if self._document is None:
            super().write(data)
            return
        self._document += data
        if len(self._document) > RENDERED_RESULT_BYTES:
            data, self._document = self._document, None
            self.write(data)

    def result(self, value: Any) -> None:
        self._document = None
        self.write(f"{_laid_out(value)}\n".encode(errors="replace"))

    def end(self) -> None:
        if not self._document:
            return
        import json

        data, self._document = self._document, None
        try:
            data = f"{_laid_out(json.loads(data))}\n".encode(errors="replace")
        except (ValueError, RecursionError):
            pass
        self.write(data)

    def failure(self, document: dict[str, str | None]) -> None:
        self.end()
        super().failure(document)


class JsonOutput(Output):
    """`json`: one JSON value. JSON passes as it is, JSON lines become an array, all else a string, whole or not at all."""

    def __init__(self, guest_output: str) -> None:
        super().__init__(safe_stdout=os.isatty(STDOUT))
        self._kind = guest_output
        self._empty = True
        self._parts: list[bytes] = []
        self._left_bytes = COLLECTED_RESULT_BYTES

    def write(self, data: bytes) -> None:
        if self._kind == "json":
            self._put(data)
            return
        self._left_bytes -= len(data)
        if self._left_bytes < 0:
            raise LimitError(
                f"stopped: more than {COLLECTED_RESULT_BYTES} bytes are too much for one JSON value",
                code="E_WASM_OUTPUT",
                hint="--output raw or jsonl streams output of any size",
            )
        self._parts.append(data)

    def result(self, value: Any) -> None:
        self._kind = "json"
        super().result(value)

    def end(self) -> None:
        import json

        if self._kind == "json":
            if self._empty:
                self._put(b"null\n")
            return
        data = b"".join(self._parts)
        value: Any = data
        if self._kind in ("jsonl", "events"):
            try:
                value = [json.loads(line) for line in data.split(b"\n") if line.strip()]
            except (ValueError, RecursionError):
                raise HandlerError("the command promised JSON lines and wrote something else") from None
        else:
            try:
                value = data.decode()
            except UnicodeDecodeError:
                from base64 import b64encode

                value = {"base64": b64encode(data).decode()}
        self._put(f"{json.dumps(value, ensure_ascii=False)}\n".encode(errors="replace"))

    def _put(self, data: bytes) -> None:
        self._empty = False
        super().write(data)

    def failure(self, document: dict[str, str | None]) -> None:
        report_document(document)


class JsonLinesOutput(Output):
    """`jsonl`: every event, one on a line."""

    def __init__(self) -> None:
        super().__init__(safe_stdout=os.isatty(STDOUT))

    def show(self, event: RunEvent) -> None:
        import json

        self.write(f"{json.dumps(event.to_wire())}\n".encode())
        if event.type == "completed":
            self.status = status_of_guest(event.fields["exit_status"])
        elif event.type == "failed":
            self.status = status_of(event.fields["error"]["code"])
            report_document(event.fields["error"])


def _sanitized(data: bytes) -> bytes:
    from codi_tui.text import sanitize

    return sanitize(data.decode(errors="replace")).encode()


def _laid_out(value: Any) -> str:
    """A JSON value as a person reads it: a flat object as aligned lines, text as itself, all else as indented JSON."""
    import json

    if isinstance(value, str):
        return value
    if isinstance(value, dict) and value and not any(isinstance(item, dict | list) for item in value.values()):
        width = max(len(name) for name in value)
        return "\n".join(f"{name:<{width}}  {_scalar(item)}" for name, item in value.items())
    return json.dumps(value, indent=2, ensure_ascii=False)


def _scalar(value: Any) -> str:
    import json

    return value if isinstance(value, str) else json.dumps(value)
