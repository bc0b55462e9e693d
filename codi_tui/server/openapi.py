"""The API's own description, OpenAPI 3.1. Every status and body that the server gives is in it."""

from __future__ import annotations

from typing import Any

from codi_tui import __version__
from codi_tui.limits import FILTER_MAX_CHARACTERS, LIST_DEFAULT, LIST_MAX, LIST_OFFSET_MAX
from codi_tui.model.names import LIBRARY_NAME
from codi_tui.server.metrics import MEDIA_TYPE

_JSON = "application/json"
_HEX = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_NAME = {"type": "string", "pattern": LIBRARY_NAME}
_COUNT = {"type": "integer", "minimum": 0}
_TEXT = {"type": "string"}
_NEXT = {"type": ["integer", "null"], "minimum": 0}

_HELD = {"name": "If-None-Match", "in": "header", "schema": _TEXT, "description": "ETags that the caller has"}
_TAG = {"ETag": {"required": True, "schema": _TEXT, "description": "the SHA-256 of the body, quoted"}}
_SIGNED = {"type": "string", "pattern": "^[0-9a-f]{128}$"}
_SIGNATURE = {"X-Library-Signature": {"required": True, "schema": _SIGNED}}

_REFUSALS = {
    "400": "the request says something that the path does not take",
    "401": "a token is needed, or the one that was sent does not count",
    "403": "the token does not permit this, or a client would refuse the release: then `error` is an `E_` code",
    "404": "there is nothing by this name, or nothing that the caller may see",
    "405": "the path does not take this method",
    "408": "the request did not come in time",
    "409": "it contradicts what is published",
    "413": "the body is too large",
    "415": "the body is of another media type",
    "431": "the request's line and headers are too large",
    "500": "a fault in the server",
    "503": "the server is stopping, or too busy",
}
_ALWAYS = ("400", "405", "408", "431", "500", "503")


def document() -> dict[str, Any]:
    """The description."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "codi library server",
            "version": __version__,
            "description": "Delivers signed libraries of commands. What it serves is believed for its signatures alone.",
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": _schemas(),
        },
        "security": [{"token": []}],
        "paths": {**_library_paths(), **_other_paths(), **_operator_paths()},
    }


def _schemas() -> dict[str, Any]:
    listed = {"name": _NAME, "version": _TEXT, "sequence": _COUNT, "description": _TEXT, "digest": _HEX}
    release = {"version": _TEXT, "sequence": _COUNT, "digest": _HEX, "document": _HEX, "yanked": {"type": "boolean"}}
    page = {"offset": _COUNT, "limit": _COUNT, "next": _NEXT}
    return {
        "Refusal": {
            "type": "object",
            "properties": {"error": _TEXT, "message": _TEXT, "hint": _TEXT},
            "required": ["error"],
            "additionalProperties": False,
        },
        "Libraries": _object(libraries=_array(_object(**listed, published_at=_COUNT)), **page),
        "Versions": _object(name=_NAME, versions=_array(_object(**release, published_at=_COUNT)), **page),
        "Command": _object(library=_NAME),
        "Published": _object(name=_NAME, version=_TEXT, digest=_HEX, document=_HEX),
        "Yanked": _object(name=_NAME, version=_TEXT, yanked={"type": "boolean"}),
        "Token": _object(id=_TEXT, permissions=_array(_TEXT), expires_at=_TEXT),
        "Status": _object(status=_TEXT),
        "TrustDocument": {"type": "object"},
        "SignedDocument": {"type": "object", "required": ["library", "commands"]},
    }


def _library_paths() -> dict[str, Any]:
    name, version = _path("name", _NAME, "a library"), _path("version", _TEXT, "semver 2.0")
    document = {_JSON: {"schema": _ref("SignedDocument")}}
    one = "/api/v1/libraries/{name}"
    number = {"type": "integer", "minimum": 0, "maximum": LIST_OFFSET_MAX, "default": 0}
    page = [
        _query("offset", number, "where the page begins"),
        _query("limit", {**number, "minimum": 1, "maximum": LIST_MAX, "default": LIST_DEFAULT}, "its length"),
    ]
    wanted = {"type": "string", "maxLength": FILTER_MAX_CHARACTERS}
    text = _query("filter", wanted, "part of a name, a description or a command, in any case")
    exact = _query("version", _TEXT, "exactly this one, yanked or not; without it, the newest that was not yanked")
    return {
        "/api/v1/libraries": {
            "get": _read("listLibraries", "Libraries that the caller may read, by name", "Libraries", [text, *page])
        },
        one: {
            "parameters": [name],
            "get": _operation(
                "getLibrary",
                "A library's signed document; its module is a blob",
                {"200": _answer("the document", document, {**_TAG, **_SIGNATURE}), "304": _unchanged()},
                ("401", "403", "404"),
                [exact, _HELD],
            ),
        },
        f"{one}/versions": {
            "parameters": [name],
            "get": _read("listVersions", "Its releases, the newest first", "Versions", page, ("401", "403", "404")),
        },
        f"{one}/{{version}}": {
            "parameters": [name, version],
            "put": {
                **_operation(
                    "publish",
                    "Publish a release, signed, its module inside",
                    {"200": _json("it was there already", "Published"), "201": _json("published", "Published")},
                    ("401", "403", "404", "409", "413", "415"),
                ),
                "requestBody": {"required": True, "content": document},
            },
        },
        f"{one}/{{version}}/yank": {
            "parameters": [name, version],
            "put": _change("yank", "Resolve this release no longer; who names it still gets it"),
            "delete": _change("unyank", "Take a yank back"),
        },
    }


def _other_paths() -> dict[str, Any]:
    blob = {"application/wasm": {"schema": {"type": "string"}}, _JSON: {"schema": _ref("SignedDocument")}}
    trust = {_JSON: {"schema": _ref("TrustDocument")}}
    answers = {"200": _answer("the trust document", trust, _TAG), "304": _unchanged()}
    return {
        "/api/v1/blobs/sha256/{digest}": {
            "parameters": [_path("digest", _HEX, "SHA-256")],
            "get": _operation(
                "getBlob",
                "A module or a document by its digest; it never changes",
                {"200": _answer("the blob", blob, _TAG), "304": _unchanged()},
                ("401", "404"),
                [_HELD],
            ),
        },
        "/api/v1/commands/{command}": {
            "parameters": [_path("command", _TEXT, "group.name, or library:group.name")],
            "get": _read("getCommand", "Which library has a command", "Command", [], ("401", "404")),
        },
        "/api/v1/token": {
            "get": _operation("getToken", "What the caller's token permits", {"200": _json("it", "Token")}, ("401",))
        },
        "/api/v1/trust": {"get": _operation("getTrust", "The newest trust document", answers, ("401", "404"), [_HELD])},
        "/api/v1/trust/{version}": {
            "parameters": [_path("version", _TEXT, "a whole number, or latest")],
            "get": _operation("getTrustVersion", "One of the chain", answers, ("401", "404"), [_HELD]),
        },
    }


def _operator_paths() -> dict[str, Any]:
    figures = {MEDIA_TYPE: {"schema": _TEXT}}
    described = {"200": _answer("this document", {_JSON: {"schema": {"type": "object"}}}, _TAG), "304": _unchanged()}
    return {
        "/healthz": {"get": _open(_operation("healthz", "It is alive", {"200": _json("alive", "Status")}))},
        "/readyz": {"get": _open(_operation("readyz", "It can serve", {"200": _json("ready", "Status")}))},
        "/metrics": {
            "get": _operation("metrics", "Figures", {"200": _answer("figures", figures)}, ("401", "403")),
        },
        "/api/v1/openapi.json": {"get": _open(_operation("openapi", "This document", described, (), [_HELD]))},
    }


def _operation(
    name: str,
    summary: str,
    answers: dict[str, Any],
    refusals: tuple[str, ...] = (),
    parameters: list[Any] | None = None,
) -> dict[str, Any]:
    made = {status: _json(_REFUSALS[status], "Refusal") for status in sorted({*refusals, *_ALWAYS})}
    return {"operationId": name, "summary": summary, "parameters": parameters or [], "responses": {**answers, **made}}


def _read(
    name: str, summary: str, schema: str, parameters: list[Any], refusals: tuple[str, ...] = ("401",)
) -> dict[str, Any]:
    content = {_JSON: {"schema": _ref(schema)}}
    answers = {"200": _answer(summary, content, _TAG), "304": _unchanged()}
    return _operation(name, summary, answers, refusals, [*parameters, _HELD])


def _change(name: str, summary: str) -> dict[str, Any]:
    return _operation(name, summary, {"200": _json("done", "Yanked")}, ("401", "403", "404"))


def _open(operation: dict[str, Any]) -> dict[str, Any]:
    return {**operation, "security": []}


def _answer(what: str, content: dict[str, Any], headers: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"description": what, "content": content, **({"headers": headers} if headers else {})}


def _json(what: str, schema: str) -> dict[str, Any]:
    return _answer(what, {_JSON: {"schema": _ref(schema)}})


def _unchanged() -> dict[str, Any]:
    return {"description": "the caller has it", "headers": _TAG}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _array(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _path(name: str, schema: Any, what: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema, "description": what}


def _query(name: str, schema: Any, what: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": what}
