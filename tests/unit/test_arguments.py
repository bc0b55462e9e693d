"""Definitions into a schema; text into values; values against the schema."""

from __future__ import annotations

from typing import Any

import pytest

from codi_tui.model.arguments import check_values, command_schema, complete, definition_problems, parse_value, shown
from codi_tui.model.manifest import SubcommandDefinition
from support.libraries import subcommand


def schema_of(*options: dict[str, Any], arguments: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    described = [{"description": "D", **item} for item in options]
    placed = [{"description": "D", **item} for item in arguments]
    return command_schema(SubcommandDefinition(subcommand(options=described, arguments=placed), "demo.run"))


def one(kind: str, **members: Any) -> dict[str, Any]:
    return schema_of({"name": "x", "type": kind, **members})


def test_a_command_is_one_object_of_arguments_then_options() -> None:
    schema = schema_of({"name": "b", "type": "integer"}, arguments=({"name": "a", "type": "path", "required": True},))
    assert list(schema["properties"]) == ["a", "b"]
    assert (schema["required"], schema["additionalProperties"], schema["type"]) == (["a"], False, "object")
    assert schema["properties"]["a"] == {"type": "string", "format": "path", "description": "D"}


def test_every_keyword_is_carried_over() -> None:
    schema = schema_of(
        {"name": "n", "type": "number", "minimum": "0.5", "maximum": 3, "enum": ["1", "2.5"], "default": "1"},
        {"name": "s", "type": "string", "min_length": 1, "max_length": 5, "format": "email", "secret": True},
        {"name": "m", "type": "integer", "multiple": True, "required": True, "minimum": 0},
        {"name": "j", "type": "json"},
    )
    properties = schema["properties"]
    assert properties["n"] == {
        "type": "number",
        "minimum": 0.5,
        "maximum": 3,
        "enum": [1, 2.5],
        "default": 1,
        "description": "D",
    }
    assert properties["s"] == {
        "type": "string",
        "minLength": 1,
        "maxLength": 5,
        "format": "email",
        "writeOnly": True,
        "description": "D",
    }
    assert properties["m"] == {
        "type": "array",
        "items": {"type": "integer", "minimum": 0},
        "minItems": 1,
        "description": "D",
    }
    assert properties["j"] == {"description": "D"}


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("string", "", ""),
        ("string", "5", "5"),
        ("path", "/a", "/a"),
        ("integer", "-5", -5),
        ("integer", "+5", 5),
        ("integer", "9" * 100, int("9" * 100)),
        ("number", "0.5", 0.5),
        ("number", "2", 2),
        ("number", "1e3", 1000),
        ("boolean", "true", True),
        ("boolean", "false", False),
        ("json", '{"a":[1,null]}', {"a": [1, None]}),
    ],
)
def test_text_is_read_by_its_type(kind: str, text: str, value: object) -> None:
    read = parse_value(one(kind)["properties"]["x"], text)
    assert (read, type(read)) == (value, type(value))


def test_text_of_a_list_is_one_item() -> None:
    assert parse_value(one("integer", multiple=True)["properties"]["x"], "5") == 5


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("integer", ""),
        ("integer", "1.5"),
        ("integer", "1_000"),
        ("integer", " 1"),
        ("integer", "0x10"),
        ("integer", "9" * 5000),
        ("number", "one"),
        ("number", "1_0.5"),
        ("number", "1 "),
        ("boolean", "True"),
        ("boolean", "yes"),
        ("boolean", "1"),
        ("json", "{"),
        ("json", "NaN"),
        ("json", "[-Infinity]"),
        ("json", "[" * 100_000),
        ("json", "1" * 5000),
    ],
)
def test_text_that_is_not_of_its_type_is_told_in_one_phrase(kind: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"^must be ") as caught:
        parse_value(one(kind)["properties"]["x"], text)
    assert len(str(caught.value)) < 120


def test_a_default_never_confers_a_path() -> None:
    schema = {"properties": {"a": {"type": "string", "format": "path", "default": "/etc/passwd"}}}
    assert complete(schema, {}) == {}
    assert complete({"properties": {"a": {"type": "string", "format": "path", "default": "-"}}}, {}) == {"a": "-"}


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "infinity", "1e999"])
def test_a_number_that_json_does_not_have_is_refused_by_the_check(text: str) -> None:
    schema = one("number")
    assert check_values(schema, {"x": parse_value(schema["properties"]["x"], text)})


@pytest.mark.parametrize("text", ["1e999", '{"a":[-1e999]}', '"\\ud800"', '{"\\udfff":1}', '{"a":1,"a":2}'])
def test_a_json_argument_is_strict_json(text: str) -> None:
    with pytest.raises(ValueError, match="JSON"):
        parse_value(one("json")["properties"]["x"], text)


@pytest.mark.parametrize(("kind", "text"), [("integer", "\u0661\u0662"), ("number", "\uff11.5")])
def test_a_number_is_written_in_ascii_digits(kind: str, text: str) -> None:
    with pytest.raises(ValueError, match="number"):
        parse_value(one(kind)["properties"]["x"], text)


@pytest.mark.parametrize(
    ("members", "good", "bad"),
    [
        ({"kind": "string"}, ["", "a"], [5, None, True, [], {}]),
        ({"kind": "path"}, ["/a"], [5, None]),
        ({"kind": "integer"}, [0, -5, 1.0, 10**400], [True, "1", 1.5, None, float("nan"), float("inf")]),
        ({"kind": "number"}, [0, 1.5, 10**400], [True, "1", None, float("nan"), float("-inf")]),
        ({"kind": "boolean"}, [True, False], [0, 1, "true", None]),
        ({"kind": "json"}, [None, 1, "a", [], {}], []),
        ({"kind": "integer", "minimum": 2, "maximum": 4}, [2, 3, 4], [1, 5]),
        ({"kind": "number", "minimum": "0.1", "maximum": "0.3"}, [0.1, 0.2, 0.3], [0.09, 0.31]),
        ({"kind": "string", "min_length": 1, "max_length": 2}, ["a", "\U0001f600\U0001f600"], ["", "abc"]),
        ({"kind": "string", "enum": ["a", "b"]}, ["a"], ["c", "A"]),
        ({"kind": "integer", "enum": [1, 2]}, [1, 2.0], [3, True]),
        ({"kind": "integer", "multiple": True, "minimum": 0}, [[], [1, 2]], [1, [-1], ["a"], [None]]),
        ({"kind": "string", "multiple": True, "required": True}, [["a"]], [[], "a"]),
    ],
)
def test_a_value_is_checked_against_its_schema(members: dict[str, Any], good: list[Any], bad: list[Any]) -> None:
    schema = one(**members)
    for value in good:
        assert check_values(schema, {"x": value}) == [], value
    for value in bad:
        (problem,) = check_values(schema, {"x": value})
        assert problem.startswith("x ")


def test_every_problem_is_told_at_once() -> None:
    schema = schema_of(
        {"name": "a", "type": "string", "required": True}, {"name": "b", "type": "integer", "maximum": 1}
    )
    problems = check_values(schema, {"b": 5, "c": 1})
    assert problems == ["a is missing", "b must be at most 1, not 5", "'c' is not one of its arguments"]


def test_defaults_stand_in_for_what_is_not_given() -> None:
    schema = schema_of({"name": "a", "type": "integer", "default": 5}, {"name": "b", "type": "string"})
    assert complete(schema, {}) == {"a": 5}
    assert complete(schema, {"a": 1, "b": "x"}) == {"a": 1, "b": "x"}


def test_a_value_is_shown_quoted_and_cut() -> None:
    assert shown("a\x1b") == r"'a\x1b'"
    assert len(shown("x" * 1_000)) == 58


@pytest.mark.parametrize(
    "definition",
    [
        {"type": "integer", "min_length": 1},
        {"type": "boolean", "enum": ["a"]},
        {"type": "json", "minimum": 1},
        {"type": "path", "format": "email"},
        {"type": "integer", "default": "5"},
        {"type": "integer", "required": True, "default": 5},
        {"type": "number", "minimum": "x"},
        {"type": "integer", "minimum": [], "default": 1},
        {"type": "integer", "multiple": True, "default": 5},
        {"type": "string", "max_length": 1, "default": "ab"},
        {"type": "number", "enum": [{}], "default": "1"},
    ],
)
def test_a_definition_that_contradicts_itself_has_a_problem(definition: dict[str, Any]) -> None:
    assert definition_problems({"name": "x", **definition})


@pytest.mark.parametrize(
    "definition",
    [
        {"type": "future"},
        {},
        {"type": None},
        {"type": []},
        {"type": "json", "default": {"a": 1}},
        {"type": "integer", "multiple": True, "default": [5]},
    ],
)
def test_a_definition_without_contradiction_has_none(definition: dict[str, Any]) -> None:
    assert definition_problems({"name": "x", **definition}) == []
