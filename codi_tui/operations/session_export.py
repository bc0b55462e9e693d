"""A recorded run in a form for others: text, JSON lines, Markdown, or an asciicast to replay.

What a command wrote is untrusted: in every form but JSON lines, which escape it, it has been made safe to show.
"""

from __future__ import annotations

import json
from codecs import getincrementaldecoder

from codi_tui.model.times import timestamp
from codi_tui.operations.sessions import outcome_words, run_facts
from codi_tui.text import sanitize, sanitize_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from codi_tui.runs.history import PastRun
    from codi_tui.runs.output import Chunk

FORMATS = ("text", "jsonl", "markdown", "asciicast")
_WIDTH, _HEIGHT = 100, 30
_IDLE_SECONDS = 2.0
"""The longest that a replay waits between two outputs."""


def export(run: PastRun, chunks: list[Chunk], output_format: str) -> str:
    """A recorded run in one of `FORMATS`.

    Raises:
        HistoryError: the record is damaged.
    """
    return {"text": _text, "jsonl": _jsonl, "markdown": _markdown, "asciicast": _asciicast}[output_format](run, chunks)


def _text(_: PastRun, chunks: list[Chunk]) -> str:
    return "".join(text for _, text in _shown(chunks))


def _jsonl(run: PastRun, chunks: list[Chunk]) -> str:
    lines = [{"type": "run", **run_facts(run)}]
    for chunk in chunks:
        line = {"type": "gap" if chunk.stream == "gap" else "output", "at_ms": chunk.at_ms}
        if chunk.stream == "gap":
            line["bytes"] = int(chunk.data)
        else:
            line["stream"] = chunk.stream
            try:
                line["text"] = chunk.data.decode()
            except UnicodeDecodeError:
                from base64 import b64encode

                line["base64"] = b64encode(chunk.data).decode()
        lines.append(line)
    return "".join(f"{json.dumps(line)}\n" for line in lines)


def _markdown(run: PastRun, chunks: list[Chunk]) -> str:
    rows = {
        "when": timestamp(run.started_ms / 1000),
        "took": f"{run.duration_ms / 1000:.3f} s",
        "outcome": outcome_words(run),
        "library": f"{run.library} {run.version} from {run.origin}",
        "digest": run.digest,
        "signed by": run.signer,
        "arguments": json.dumps(run_facts(run)["arguments"], ensure_ascii=False),
        "error": run.message,
    }
    table = "".join(f"| {name} | {_cell(str(value))} |\n" for name, value in rows.items() if value is not None)
    text = _text(run, chunks)
    fence = "`" * max(3, 1 + max((len(ticks) for ticks in _runs_of_ticks(text)), default=0))
    output = f"\n{fence}text\n{text}{'' if text.endswith(chr(10)) or not text else chr(10)}{fence}\n"
    return f"# Run {run.number}: {sanitize_line(run.command)}\n\n| | |\n| --- | --- |\n{table}{output}"


def _cell(text: str) -> str:
    """Text in a table's cell, without a meaning to Markdown or HTML."""
    safe = sanitize_line(text, 4000)
    for char in "\\`*_[]<>|&#!":
        safe = safe.replace(char, f"\\{char}")
    return safe


def _runs_of_ticks(text: str) -> Iterable[str]:
    import re

    return re.findall("`{3,}", text)


def _asciicast(run: PastRun, chunks: list[Chunk]) -> str:
    """Asciicast v2 (docs.asciinema.org/manual/asciicast/v2): a header, then `[seconds, "o", text]`, a line each."""
    header = {
        "version": 2,
        "width": _WIDTH,
        "height": _HEIGHT,
        "timestamp": run.started_ms // 1000,
        "duration": run.duration_ms / 1000,
        "idle_time_limit": _IDLE_SECONDS,
        "title": f"codi {sanitize_line(run.command)}",
    }
    events = [[chunk.at_ms / 1000, "o", text.replace("\n", "\r\n")] for chunk, text in _shown(chunks) if text]
    return "".join(f"{json.dumps(line)}\n" for line in (header, *events))


def _shown(chunks: list[Chunk]) -> Iterator[tuple[Chunk, str]]:
    """Each chunk with its text, made safe. A character that two chunks share comes whole, with the second."""
    decoders = {stream: getincrementaldecoder("utf-8")("replace") for stream in ("stdout", "stderr", "log")}
    ends = {chunk.stream: at for at, chunk in enumerate(chunks)}
    for at, chunk in enumerate(chunks):
        if chunk.stream == "gap":
            yield chunk, f"\n[… {int(chunk.data)} bytes were not kept …]\n"
            continue
        yield chunk, sanitize(decoders[chunk.stream].decode(chunk.data, final=at == ends[chunk.stream]))
