"""Whether a document says only what the table of settings has; every problem at once."""

from __future__ import annotations

from codi_tui.settings.table import NEVER, TREE, Setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

_KINDS = {"text": str, "bool": bool, "integer": int, "number": (int, float), "names": list}
_CALLED = {"text": "a text", "bool": "a true or false", "integer": "a whole number", "number": "a number"}
_CALLED["names"] = "a list of names"


def problems_of(document: dict[str, Any]) -> list[str]:
    """What is wrong with a document, one sentence each."""
    return list(_table(document, TREE, ""))


def project_problems(document: dict[str, Any]) -> list[str]:
    """What a project's file says that only the user's may, and whatever else is wrong with it."""
    own = list(_refused(document, TREE, ""))
    return [f"a project cannot set {key}: only your own settings do" for key in own] or problems_of(document)


def _refused(document: dict[str, Any], tree: dict[str, Any], path: str) -> Iterable[str]:
    for name, value in document.items():
        node = tree.get(name, tree.get("*"))
        if f"{name}[]" in tree or (isinstance(node, Setting) and node.project == NEVER):
            yield f"{path}{name}"
        elif isinstance(node, dict) and isinstance(value, dict):
            yield from _refused(value, node, f"{path}{name}.")


def _table(document: dict[str, Any], tree: dict[str, Any], path: str) -> Iterable[str]:
    names = [name.removesuffix("[]") for name in tree]
    for name, value in document.items():
        node = tree.get(name, tree.get("*"))
        if f"{name}[]" in tree:
            yield from _list(value, tree[f"{name}[]"], name)
        elif isinstance(node, Setting):
            yield from value_problems(node, value, name)
        elif node is None:
            yield _unknown(name, names, path)
        elif isinstance(value, dict):
            yield from _table(value, node, f"[{name}]")
        else:
            yield f"{name} must be a table, written [{name}]"
    for name, node in tree.items():
        if isinstance(node, Setting) and node.required and name not in document:
            yield f"{name} is missing in {path}"


def _list(value: object, tree: dict[str, Any], name: str) -> Iterable[str]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        yield f"{name} must be a list of tables, written [[{name}]]"
        return
    for item in value:
        yield from _table(item, tree, f"[[{name}]]")


def _unknown(name: str, names: list[str], path: str) -> str:
    from codi_tui.catalog.commands import nearest

    near = nearest(name[:80], names, 1)
    meant = f": did you mean {near[0]}?" if near else f"; it has {', '.join(names)}"
    return f"{path or 'the settings file'} has no {name[:80]}{meant}"


def value_problems(setting: Setting, value: object, name: str) -> Iterable[str]:
    """What is wrong with one value."""
    kind: Any = _KINDS[setting.kind]
    if not isinstance(value, kind) or (isinstance(value, bool) and setting.kind != "bool"):
        yield f"{name} must be {_CALLED[setting.kind]}"
    elif setting.choices and value not in setting.choices:
        yield f"{name} must be one of {', '.join(setting.choices)}"
    elif isinstance(value, int | float) and setting.kind != "bool" and not setting.low <= value <= setting.high:
        yield f"{name} must be {_CALLED[setting.kind]} from {setting.low} to {setting.high}"
    elif isinstance(value, list) and not all(isinstance(item, str) for item in value):
        yield f"{name} must be a list of names"
    elif setting.key == "alias.*":
        from codi_tui.settings.alias import alias_problem

        problem = alias_problem(name, str(value))
        if problem:
            yield problem
