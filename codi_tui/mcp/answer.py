"""What a run leaves for an agent: its output by its type, made safe, without secrets; errors with code and next step."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

import mcp_types as types

from codi_tui.errors import CodiError, GrantError
from codi_tui.limits import MCP_OUTPUT_BYTES, MCP_QUESTION_LINES
from codi_tui.model.events import RunEvent, error_document
from codi_tui.operations.layout import is_text
from codi_tui.runs.redact import HIDDEN, Redactor
from codi_tui.text import sanitize, sanitize_line

_LINE_CHARACTERS = 4000
_CUT = ("E_WASM_OUTPUT", "E_LIMIT")
"""Stopped at the limit of output: here, and in a run on a server."""


class Answer:
    """Takes a run's events; what it holds is bounded by the run's own limit of output."""

    def __init__(self, output_type: str, secrets: Sequence[str]) -> None:
        """
        Args:
            output_type: what the handler says that its stdout is.
            secrets: never part of an answer; it may grow until the run ends.
        """
        self._type = output_type
        self._secrets = secrets
        self._stdout = bytearray()
        self._stderr = bytearray()
        self._logs: list[str] = []
        self._results: list[Any] = []
        self._exit_status = 0
        self.error: dict[str, Any] | None = None

    def take(self, event: RunEvent) -> None:
        """The next event."""
        if event.type == "output":
            (self._stdout if event.fields["stream"] == "stdout" else self._stderr).extend(event.data)
        elif event.type == "log":
            self._logs.append(f"{event.fields['level']}: {event.fields['message']}")
        elif event.type == "result":
            self._results.append(event.fields["value"])
        elif event.type == "completed":
            self._exit_status = event.fields["exit_status"]
        elif event.type == "failed":
            self.error = dict(event.fields["error"])
            if self.error["code"] in _CUT:
                self.error["hint"] = f"an agent gets at most {MCP_OUTPUT_BYTES} bytes of a run: ask for less of it"

    @property
    def outcome(self) -> str:
        """In a word or two, for the audit trail."""
        return f"exit {self._exit_status}" if self.error is None else str(self.error["code"])

    def result(self) -> types.CallToolResult:
        """The whole answer."""
        structured = self._structured()
        content = [self._output(structured)]
        if self._stderr:
            content.append(_text(f"stderr:\n{self._safe(self._stderr.decode(errors='replace'))}"))
        if self._logs:
            content.append(_text(self._safe("\n".join(self._logs))))
        if self.error is not None:
            if self.error["code"] in _CUT:
                content.append(_text("the output above is cut: the run was stopped at its limit"))
            content.append(_error_text(self._value(self.error)))
        elif self._exit_status:
            content.append(_text(f"exit status {self._exit_status}"))
        return types.CallToolResult(
            content=[item for item in content if item is not None],
            structured_content=structured,
            is_error=self.error is not None or self._exit_status != 0,
        )

    def _structured(self) -> dict[str, Any] | None:
        """The result as JSON, where the definition says that there is one and the run came to its end."""
        if self.error is not None:
            return {"error": self._value(self.error)}
        try:
            if self._results:
                value = self._results[-1]
            elif self._type == "json":
                value = json.loads(self._stdout)
            elif self._type == "jsonl":
                value = [json.loads(line) for line in self._stdout.split(b"\n") if line.strip()]
            else:
                return None
            return {"result": self._value(value), "exit_status": self._exit_status}
        except (ValueError, RecursionError):
            return None  # it is no JSON, whatever was promised: the text below is what there is

    def _output(self, structured: dict[str, Any] | None) -> types.ContentBlock | None:
        if structured is not None and self.error is None and not (self._results and self._stdout):
            return _text(json.dumps(structured["result"], ensure_ascii=False))
        data = bytes(self._stdout)
        if not data:
            return None if self.error is not None or self._exit_status else _text("")
        if self._type == "bytes" and not is_text(data):
            blob = base64.b64encode(self._without_secrets(data)).decode()
            resource = types.BlobResourceContents(
                uri="codi://run/stdout", mime_type="application/octet-stream", blob=blob
            )
            return types.EmbeddedResource(type="resource", resource=resource)
        text = data.decode(errors="replace")
        if self._results and structured is not None and self.error is None:
            text += f"\n{json.dumps(structured['result'], ensure_ascii=False)}"
        return _text(self._safe(text))

    def _without_secrets(self, data: bytes) -> bytes:
        for secret in self._secrets:
            data = data.replace(secret.encode(), HIDDEN.encode())
        return data

    def _safe(self, text: str) -> str:
        """For a model's eyes: no secrets, and nothing that hides, reorders or colours."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return sanitize(text)

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._safe(value)
        if isinstance(value, dict):
            return {self._safe(str(name)): self._value(item) for name, item in value.items()}
        return [self._value(item) for item in value] if isinstance(value, list) else value


def refusal(error: CodiError, redactor: Redactor) -> types.CallToolResult:
    """A call that nothing came of."""
    lines = error.lines[:MCP_QUESTION_LINES] if isinstance(error, GrantError) else []
    document = {
        name: None if value is None else sanitize_line(redactor.text(str(value)), _LINE_CHARACTERS)
        for name, value in error_document(error).items()
    }
    content: list[types.ContentBlock] = [_error_text(document)]
    if lines:
        content.append(_text("\n".join(sanitize_line(redactor.text(line)) for line in lines)))
    return types.CallToolResult(content=content, structured_content={"error": document}, is_error=True)


def structured(value: dict[str, Any]) -> types.CallToolResult:
    """A JSON value, also as text for the clients that read only that."""
    text = json.dumps(value, ensure_ascii=False)
    return types.CallToolResult(content=[_text(text)], structured_content=value)


def _error_text(document: dict[str, Any]) -> types.TextContent:
    library = f"{document['library']}: " if document.get("library") else ""
    following = f"\nnext: {document['hint']}" if document.get("hint") else ""
    return _text(f"{library}{document['message']} ({document['code']}){following}")


def _text(text: str) -> types.TextContent:
    return types.TextContent(type="text", text=text)
