"""How a run's events come out: as text, JSON, JSON lines, or the guest's own bytes."""

from __future__ import annotations

import os
import time

from codi_tui.cli.exits import CRASHED, status_of, status_of_guest
from codi_tui.cli.narration import (
    STDERR,
    STDOUT,
    notice,
    report_document,
    report_failure,
    say,
    write_all,
    write_stderr,
)
from codi_tui.errors import HandlerError, LimitError
from codi_tui.limits import COLLECTED_RESULT_BYTES
from codi_tui.operations.layout import ReadableOutput, is_text, lay_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from codi_tui.cli.progress import ProgressLine
    from codi_tui.model.events import RunEvent
    from codi_tui.text import SafeText

FORMATS = ("text", "json", "jsonl", "raw")


def make_output(output_format: str, guest_output: str) -> Output:
    """The output of a format, for a handler whose stdout is of a type."""
    if output_format == "jsonl":
        return JsonLinesOutput()
    if output_format == "json":
        return JsonOutput(guest_output)
    if output_format == "raw":
        return Output()
    return BytesOnTerminal() if guest_output == "bytes" and os.isatty(STDOUT) else TextOutput(guest_output)


class Output:
    """`raw`: the guest's stdout byte for byte; of an `events` guest, its texts and its result on a line of JSON.

    The base of the others.
    """

    def __init__(self, *, safe_stdout: bool = False) -> None:
        self.status = CRASHED
        self._safe_stdout = safe_stdout
        self._safe_stderr = os.isatty(STDERR)
        self._safe_text: SafeText | None = None
        self._begun = time.monotonic()
        self._progress: ProgressLine | None = None

    def show(self, event: RunEvent) -> None:
        """Show one event. Raises as `write_all` does when stdout cannot be written."""
        if event.type == "progress":
            self._show_progress(event)
            return
        self.clear()
        if event.type == "output":
            if event.fields["stream"] == "stdout":
                self.write(event.data)
            else:
                write_stderr(self._made_safe(event.data) if self._safe_stderr else event.data)
        elif event.type == "result":
            self.result(event.fields["value"])
        elif event.type == "log":
            tell = say if event.fields["level"] == "info" else notice
            tell(event.fields["message"])
        elif event.type == "completed":
            self.status = status_of_guest(event.fields["exit_status"])
            self.end()
        elif event.type == "failed":
            self.status = status_of(event.fields["error"]["code"])
            self.failure(event.fields["error"])

    def clear(self) -> None:
        """Take away what only stands for the moment: the line of progress."""
        if self._progress is not None:
            self._progress.erase()

    def _show_progress(self, event: RunEvent) -> None:
        if not self._safe_stderr:
            return
        if self._progress is None:
            from codi_tui.cli.progress import ProgressLine

            self._progress = ProgressLine(self._begun)
        self._progress.show(event.fields["done"], event.fields["total"], event.fields["message"])

    def write(self, data: bytes) -> None:
        """A part of what goes to stdout."""
        write_all(STDOUT, self._made_safe(data) if self._safe_stdout else data)

    def _made_safe(self, data: bytes) -> bytes:
        """By one memory for both streams, which may be one terminal."""
        if self._safe_text is None:
            from codi_tui.text import SafeText

            self._safe_text = SafeText()
        return self._safe_text.take(data)

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
        self._readable = ReadableOutput(guest_output)

    def write(self, data: bytes) -> None:
        super().write(self._readable.take(data))

    def result(self, value: Any) -> None:
        self.end()
        super().write(lay_out(value))

    def end(self) -> None:
        super().write(self._readable.end())

    def failure(self, document: dict[str, str | None]) -> None:
        self.end()
        super().failure(document)


class BytesOnTerminal(Output):
    """`text`, of a command that writes bytes, on a terminal: shown when they begin as text, else counted and told.

    The command itself goes on to its end: stopping it half-way could do more harm than not seeing what it writes.
    """

    def __init__(self) -> None:
        super().__init__(safe_stdout=True)
        self._is_text: bool | None = None
        self._hidden_bytes = 0

    def write(self, data: bytes) -> None:
        if self._is_text is None:
            self._is_text = is_text(data)
        if self._is_text:
            super().write(data)
        else:
            self._hidden_bytes += len(data)

    def end(self) -> None:
        if self._hidden_bytes:
            notice(
                f"{self._hidden_bytes:,} bytes that are not text are not shown: > FILE keeps them, "
                "and --output raw shows them as they are"
            )

    def failure(self, document: dict[str, str | None]) -> None:
        self.end()
        super().failure(document)


class JsonOutput(Output):
    """`json`: one JSON value. JSON passes as it is, JSON lines become an array, all else a string, whole or not at all.

    Of a run that has a result, that is the value, and what it wrote besides is left out.
    """

    def __init__(self, guest_output: str) -> None:
        super().__init__(safe_stdout=os.isatty(STDOUT))
        self._kind = guest_output
        self._empty = True
        self._has_result = False
        self._parts: list[bytes] = []
        self._left_bytes = COLLECTED_RESULT_BYTES

    def write(self, data: bytes) -> None:
        if self._has_result:
            return
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
        import json

        self._kind = "json"
        self._has_result = True
        self._put(f"{json.dumps(value, ensure_ascii=False)}\n".encode(errors="replace"))

    def end(self) -> None:
        import json

        if self._kind == "json":
            if self._empty:
                self._put(b"null\n")
            return
        data = b"".join(self._parts)
        value: Any = data
        if self._kind == "events" and not data:
            value = None
        elif self._kind == "jsonl":
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
