"""Strict JSON in, canonical JSON out (RFC 8259, RFC 8785; the trust profile's lines 1 to 6)."""

from __future__ import annotations

from json import JSONDecoder

from codi_tui.errors import DocumentError
from codi_tui.limits import DOCUMENT_MAX_BYTES, JSON_MAX_DEPTH, JSON_MAX_INTEGER, JSON_MAX_VALUES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any


_CONTAINERS = frozenset({dict, list})
_CANONICAL_MAX_DEPTH = 500
"""Far more than any document may have, and what is deeper would end in the interpreter's own limit."""


def loads_strict(data: bytes) -> Any:
    """Parse JSON as RFC 8259 has it and no wider.

    Refused beyond what `json.loads` refuses: anything but UTF-8, a byte order mark, a member name that occurs twice,
    NaN and infinities (also by overflow), a lone surrogate, nesting deeper than `JSON_MAX_DEPTH`, and anything that is
    not `bytes`.

    Raises:
        DocumentError: `E_JSON`; `E_TOO_LARGE` beyond `DOCUMENT_MAX_BYTES` or `JSON_MAX_VALUES`. No other exception.
    """
    decoder = JSONDecoder(object_pairs_hook=_members_into(set()), parse_float=_finite, parse_constant=_no_constant)
    return _load(data, decoder)


def loads_document(data: bytes) -> Any:
    """Parse a signed document: strict JSON, and in it no floats, no integers beyond 2^53-1, ASCII member names only.

    Raises:
        DocumentError: `E_JSON`, `E_TOO_LARGE`.
    """
    names: set[str] = set()
    decoder = JSONDecoder(
        object_pairs_hook=_members_into(names),
        parse_float=_no_float,
        parse_int=_safe_integer,
        parse_constant=_no_constant,
    )
    value = _load(data, decoder)
    _check_names(names)
    return value


def canonical_json(value: object) -> bytes:
    """The RFC 8785 form of a JSON value.

    Raises:
        DocumentError: `E_JSON`, the value has no such form (NaN, an integer beyond 2^53-1, a lone surrogate, a list
            that holds itself, …); `E_TOO_LARGE` beyond `DOCUMENT_MAX_BYTES` or `JSON_MAX_VALUES`, each value counted as
            often as it is written. No other exception.
    """
    import rfc8785

    _check_size(value)
    try:
        return rfc8785.dumps(value)  # type: ignore[arg-type]
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise DocumentError(f"this value has no canonical JSON form: {str(error)[:200]}") from None


def _load(data: bytes, decoder: JSONDecoder) -> Any:
    if not isinstance(data, bytes):
        raise DocumentError("JSON comes as bytes")
    if len(data) > DOCUMENT_MAX_BYTES:
        raise DocumentError(f"this JSON is larger than {DOCUMENT_MAX_BYTES} bytes", code="E_TOO_LARGE")
    if len(data) > JSON_MAX_VALUES and data.count(b",") + data.count(b"[") + data.count(b"{") > JSON_MAX_VALUES:
        raise DocumentError(f"this JSON has more than {JSON_MAX_VALUES} values", code="E_TOO_LARGE")
    try:
        value = decoder.decode(data.decode())
        if b"\\u" in data:
            _check_surrogates(value)
    except DocumentError:
        raise
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"this is not strict JSON: {str(error)[:200]}") from None
    _check_depth(value)
    return value


def _check_surrogates(value: object) -> None:
    """Only an escape can bring in a lone surrogate; encoding finds it (`UnicodeEncodeError` is a `ValueError`)."""
    level = [value]
    while level:
        for item in level:
            if type(item) is str:
                item.encode()
            elif type(item) is dict:
                "".join(item).encode()
        level = _children(level)


def _check_size(value: object) -> None:
    """A few lists that hold one another can be written out to any length, so what is written is counted first."""
    level, values, characters = [value], 0, 0
    for _ in range(_CANONICAL_MAX_DEPTH + 1):
        if not level:
            return
        values += len(level)
        characters += sum(len(item) for item in level if isinstance(item, str))
        below = sum(len(item) for item in level if isinstance(item, (dict, list, tuple)))
        if values + below > JSON_MAX_VALUES or characters > DOCUMENT_MAX_BYTES:
            raise DocumentError("this value is too large for canonical JSON", code="E_TOO_LARGE")
        characters += sum(len(name) for item in level if isinstance(item, dict) for name in item if type(name) is str)
        level = [child for item in level for child in _inside(item)]
    raise DocumentError(f"this value is nested deeper than {_CANONICAL_MAX_DEPTH} levels, or holds itself")


def _inside(value: object) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, (list, tuple)) else ()


def _check_depth(value: object) -> None:
    level = [value] if type(value) in _CONTAINERS else []
    for _ in range(JSON_MAX_DEPTH):
        if not level:
            return
        level = [
            child
            for item in level
            for child in (item.values() if type(item) is dict else item)  # type: ignore[attr-defined]
            if type(child) in _CONTAINERS
        ]
    if level:
        raise DocumentError(f"this JSON is nested deeper than {JSON_MAX_DEPTH} levels")


def _children(level: list[Any]) -> list[Any]:
    children: list[Any] = []
    for item in level:
        if type(item) is dict:
            children.extend(item.values())
        elif type(item) is list:
            children.extend(item)
    return children


def _members_into(names: set[str]) -> Callable[[list[tuple[str, Any]]], dict[str, Any]]:
    """Makes an object of members that are each there once, and adds their names to those of the whole document."""

    def unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) != len(pairs):
            raise _twice(pairs)
        names.update(members)
        return members

    return unique_members


def _twice(pairs: list[tuple[str, Any]]) -> DocumentError:
    seen: set[str] = set()
    twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
    return DocumentError(f"a member name occurs twice: {twice[:80]!r}")


def _check_names(names: set[str]) -> None:
    together = "".join(names)
    if not (together.isascii() and together.isprintable()):
        wrong = min(name for name in names if not (name.isascii() and name.isprintable()))
        raise DocumentError(f"a member name is not printable ASCII: {wrong[:80]!r}")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise DocumentError("a number is too large for JSON")
    return value


def _no_float(text: str) -> float:
    raise DocumentError(f"a signed document holds no floats: {text[:40]}")


def _safe_integer(text: str) -> int:
    if len(text) > 17 or abs(value := int(text)) > JSON_MAX_INTEGER:
        raise DocumentError(f"an integer is beyond 2^53-1: {text[:40]}")
    if text == "-0":
        raise DocumentError("a signed document holds no negative zero")
    return value


def _no_constant(text: str) -> float:
    raise DocumentError(f"{text} is not JSON")
