"""The help of a built-in or verb, made of its definition and laid out to a width."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from codi_tui.manual.verb import Verb

WIDTH = 80
"""Columns, where there is no terminal that has its own."""

_LEFT_MOST = 28
"""Columns of the left half of a table; what is wider has its meaning on the next line."""


def page(verb: Verb, width: int = WIDTH) -> str:
    """The help of a built-in or verb."""
    parts = [
        wrap(f"{verb.summary[0].upper()}{verb.summary[1:]}.", width),
        usage(verb, width).split("\n"),
        table([(one.name, one.summary) for one in verb.verbs], width),
        table(_rows(verb), width),
        *(wrap(" ".join(paragraph.split()), width) for paragraph in verb.text.split("\n\n")),
        _statuses(verb, width),
        wrap(f"Each has its own help: codi {verb.verbs[0].path} --help" if verb.verbs else "", width),
        ["Examples:", *(f"  {line}" for line in verb.examples)] if verb.examples else [],
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _rows(verb: Verb) -> list[tuple[str, str]]:
    words = [(word.name, word.meaning) for word in verb.words if word.meaning]
    return words + [(option.written, option.meaning) for option in verb.options]


def _statuses(verb: Verb, width: int) -> list[str]:
    said = ", ".join(f"{status} {meaning}" for status, meaning in verb.statuses)
    return wrap(f"Exit status: {said}.", width) if said else []


def usage(verb: Verb, width: int = 1_000) -> str:
    """How it is written; a group that also stands alone has two lines, and a narrow width makes more."""
    lines = []
    if not verb.is_group:
        options = [f"[{option.written}]{'…' if option.many else ''}" for option in verb.options]
        words = [word.written for word in verb.words]
        # what stands behind the words is somebody else's, so the options stand before them
        parts = [*options, *words, f"[{verb.behind}]"] if verb.behind else [*words, *options]
        lines += fill_usage(verb.path, parts, width)
    if verb.verbs:
        names = [f"{one.name} |" for one in verb.verbs[:-1]]
        lines += fill_usage(verb.path, [*names, verb.verbs[-1].name], width, "       " if lines else "usage: ")
    return "\n".join(lines)


def fill_usage(path: str, parts: Sequence[str], width: int, head: str = "usage: ") -> list[str]:
    """The lines of `usage: codi PATH PARTS`, broken between parts."""
    first = f"{head}codi {path} "
    filled = fill(parts, width - len(first)) or [""]
    return [f"{first if number == 0 else ' ' * len(first)}{line}".rstrip() for number, line in enumerate(filled)]


def broken(line: str, width: int) -> list[str]:
    """A usage line, broken before what may be left out; the parts that it was made of are not known here."""
    first, *more = line.split(" [")
    head, *lines = fill([first, *(f"[{part}" for part in more)], max(width - len("usage: "), 20))
    return [head, *(f"       {part}" for part in lines)]


def wrap(text: str, width: int) -> list[str]:
    """The lines of a text, broken between words; a word that is wider than a line stands alone."""
    return fill(text.split(), width)


def fill(parts: Sequence[str], width: int) -> list[str]:
    """Lines that hold as many parts as go on each."""
    lines: list[str] = []
    for part in parts:
        if lines and columns(lines[-1]) + 1 + columns(part) <= width:
            lines[-1] += f" {part}"
        else:
            lines.append(part)
    return lines


def table(rows: Sequence[tuple[str, str]], width: int, left_most: int = _LEFT_MOST) -> list[str]:
    """Two columns; the right one is broken between words, and on the next line where the left one is too wide."""
    left_most = min(left_most, width // 3)
    left_width = max((columns(left) for left, _ in rows if columns(left) <= left_most), default=left_most // 4)
    room = max(width - left_width - 4, 20)
    lines = []
    for left, right in rows:
        meaning = wrap(right, room)
        if columns(left) <= left_width:
            pad = " " * (left_width - columns(left))
            lines.append(f"  {left}{pad}  {meaning.pop(0)}" if meaning else f"  {left}")
        else:
            lines.append(f"  {left}")
        lines += [f"{'':{left_width + 4}}{line}" for line in meaning]
    return lines


def narrowed(text: str, width: int) -> str:
    """A text that was laid out before, with what is wider broken between words under where its last column began."""
    return "\n".join(part for line in text.split("\n") for part in _narrowed(line, width))


def _narrowed(line: str, width: int) -> list[str]:
    if columns(line) <= width:
        return [line]
    left, gap, right = line.rpartition("  ")
    indent = columns(left + gap)
    if not right or indent > width // 2:
        indent = len(line) - len(line.lstrip())
        left, gap, right = "", line[:indent], line.lstrip()
    first, *more = wrap(right, width - indent)
    return [f"{left}{gap}{first}", *(f"{'':{indent}}{part}" for part in more)]


def document(verb: Verb) -> dict[str, object]:
    """A built-in or verb, for a program."""
    return {
        "path": verb.path,
        "summary": verb.summary,
        "usage": usage(verb).removeprefix("usage: "),
        "words": [
            {"name": word.name, "meaning": word.meaning, "optional": word.optional, "many": word.many}
            for word in verb.words
        ],
        "options": [
            {
                "name": option.name,
                "meaning": option.meaning,
                "value": option.value,
                "choices": list(option.choices),
                "many": option.many,
            }
            for option in verb.options
        ],
        "statuses": {str(status): meaning for status, meaning in verb.statuses},
        "examples": list(verb.examples),
        "verbs": [one.name for one in verb.verbs],
    }


def columns(text: str) -> int:
    """The columns that a text takes on a terminal."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(0 if unicodedata.combining(char) else 1 + (unicodedata.east_asian_width(char) in "WF") for char in text)
