"""The symbols of the workspace, and what stands for them where only ASCII can be written. Words go beside them."""

from __future__ import annotations

_UNICODE = {
    "verified": "✓",
    "refused": "✗",
    "unknown": "·",
    "running": "◐",
    "ok": "✓",
    "failed": "✗",
    "cancelling": "◐",
    "cancelled": "■",
    "open": "▾",
    "closed": "▸",
    "here": "▸",
    "left": "◂",
    "right": "▸",
    "dot": "·",
    "ellipsis": "…",
    "prompt": "›",
}
_ASCII = {
    "verified": "+",
    "refused": "x",
    "unknown": ".",
    "running": "*",
    "ok": "+",
    "failed": "x",
    "cancelling": "*",
    "cancelled": "#",
    "open": "v",
    "closed": ">",
    "here": ">",
    "left": "<",
    "right": ">",
    "dot": "-",
    "ellipsis": "...",
    "prompt": ">",
}


class Glyphs:
    """`glyphs["verified"]`, for a terminal that writes Unicode or one that does not."""

    def __init__(self, *, plain: bool) -> None:
        self.plain = plain
        self._symbols = _ASCII if plain else _UNICODE

    def __getitem__(self, name: str) -> str:
        return self._symbols[name]
