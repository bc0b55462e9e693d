"""The server's log: lines for people on stderr, or JSON on stdout (Cloud Run's names). Tokens and queries are in neither."""

from __future__ import annotations

import json
import logging
import sys
import time

from codi_tui.text import sanitize, sanitize_line

LOGGER = logging.getLogger("codi.server")


def set_up(form: str) -> None:
    """Log in a form, `text` or `json`; as text, requests that went well are left out."""
    handler = logging.StreamHandler(sys.stdout if form == "json" else sys.stderr)
    handler.setFormatter(_Json() if form == "json" else _Text())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    LOGGER.setLevel(logging.INFO)


def is_json() -> bool:
    """Whether every request is to be logged."""
    return any(isinstance(handler.formatter, _Json) for handler in logging.getLogger().handlers)


def log(message: str, level: int = logging.INFO, *, exc_info: bool = False, **fields: object) -> None:
    """One line, with what belongs to it."""
    given = {name: value for name, value in fields.items() if value is not None}
    LOGGER.log(level, message, exc_info=exc_info, extra={"fields": given})


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{record.msecs:03.0f}Z",
            "severity": record.levelname,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = " ".join(f"{name}={value}" for name, value in getattr(record, "fields", {}).items())
        line = sanitize_line(f"{record.getMessage()} {fields}".rstrip(), 2000)
        trace = "\n" + sanitize(self.formatException(record.exc_info)) if record.exc_info else ""
        return f"{time.strftime('%H:%M:%S', time.localtime(record.created))} {line}{trace}"
