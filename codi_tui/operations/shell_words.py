"""The words of a line as a POSIX shell would split it, with bash's `$'…'`; nothing is expanded or run."""

from __future__ import annotations

from codi_tui.errors import UsageError

_OPERATORS = ("2>&1", "&&", "||", ">>", "2>", "&>", "<", ">", "|", ";", "&", "\n")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "e": "\x1b"}


class Token:
    """A word, or an operator of the shell that stood there unquoted."""

    __slots__ = ("operator", "text")

    def __init__(self, text: str, *, operator: bool = False) -> None:
        self.text = text
        self.operator = operator

    def __repr__(self) -> str:
        return f"Token({self.text!r}, operator={self.operator})"


def split(line: str) -> list[Token]:
    """The tokens of a line; a `#` at the start of a word ends it.

    Raises:
        UsageError: a quotation is not closed, or the line ends with a backslash.
    """
    return _Splitter(line).split()


class _Splitter:
    def __init__(self, line: str) -> None:
        self._line = line.strip()
        self._at = 0
        self._word: list[str] | None = None
        self._tokens: list[Token] = []

    def split(self) -> list[Token]:
        while self._at < len(self._line):
            char = self._line[self._at]
            operator = self._operator()
            if operator is not None:
                self._end_word()
                self._tokens.append(Token(operator, operator=True))
                self._at += len(operator)
            elif char.isspace():
                self._end_word()
                self._at += 1
            elif char == "#" and self._word is None:
                break
            else:
                self._part(char)
        self._end_word()
        return self._tokens

    def _operator(self) -> str | None:
        rest = self._line[self._at : self._at + 4]
        found = next((item for item in _OPERATORS if rest.startswith(item)), None)
        return None if found is not None and found[0] == "2" and self._word is not None else found

    def _end_word(self) -> None:
        if self._word is not None:
            self._tokens.append(Token("".join(self._word)))
            self._word = None

    def _part(self, char: str) -> None:
        self._word = [] if self._word is None else self._word
        if char == "'":
            self._at = self._quoted(self._at + 1, self._line.find("'", self._at + 1))
        elif char == '"':
            self._double()
        elif self._line.startswith("$'", self._at):
            self._ansi()
        elif char == "\\":
            if self._at + 1 >= len(self._line):
                raise UsageError(["the line ends with a backslash"])
            self._word.append(self._line[self._at + 1])
            self._at += 2
        else:
            self._word.append(char)
            self._at += 1

    def _quoted(self, start: int, end: int) -> int:
        """Take what stands before a closing quotation mark; returns where the line goes on."""
        if end < 0:
            raise UsageError(["a quotation is not closed"])
        assert self._word is not None
        self._word.append(self._line[start:end])
        return end + 1

    def _double(self) -> None:
        at = self._at + 1
        while at < len(self._line) and self._line[at] != '"':
            escaped = self._line[at] == "\\" and self._line[at + 1 : at + 2] in tuple('"\\$`')
            at += escaped
            self._take(at)
            at += 1
        self._at = self._quoted(at, at if at < len(self._line) else -1)

    def _take(self, at: int) -> None:
        assert self._word is not None
        self._word.append(self._line[at])

    def _ansi(self) -> None:
        """`$'…'`, whose bytes are UTF-8."""
        taken = bytearray()
        at = self._at + 2
        while at < len(self._line) and self._line[at] != "'":
            if self._line[at] == "\\" and self._line[at + 1 : at + 2] == "x":
                digits = self._line[at + 2 : at + 4]
                taken += bytes.fromhex(digits) if _is_hex(digits) else b"\\x"
                at += 4 if _is_hex(digits) else 2
            elif self._line[at] == "\\":
                escaped = self._line[at + 1 : at + 2]
                taken += _ESCAPES.get(escaped, escaped).encode()
                at += 2
            else:
                taken += self._line[at].encode(errors="surrogateescape")
                at += 1
        self._at = self._quoted(at, at if at < len(self._line) else -1)
        assert self._word is not None
        self._word.append(taken.decode(errors="surrogateescape"))


def _is_hex(digits: str) -> bool:
    return len(digits) == 2 and all(digit in "0123456789abcdefABCDEF" for digit in digits)
