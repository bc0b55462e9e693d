"""The bundled data-tools: independent libraries as judges, large files, hostile inputs."""

from __future__ import annotations

import csv
import io
import json
import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonpatch
import jsonpath_rfc9535
import jsonschema
import pytest

from conftest import CODI, Codi

pytestmark = pytest.mark.usefixtures("warm")

SCALARS = [1, 2, -1, 0, 1.5, 10, 100.0, "a", "b", "ab", "é", "xyz", "a\nb", "", True, False, None]
NAMES = ["a", "b", "é", "x y", "o'k", '"', "a/b", "~t", ""]


def some_value(choose: random.Random, depth: int = 0) -> Any:
    """A small document."""
    kind = choose.random()
    if depth > 3 or (kind < 0.35 and depth > 0):
        return choose.choice(SCALARS)
    if kind < 0.65:
        return [some_value(choose, depth + 1) for _ in range(choose.randint(0, 4))]
    return {choose.choice(NAMES): some_value(choose, depth + 1) for _ in range(choose.randint(0, 4))}


def changed(value: Any, choose: random.Random, depth: int = 0) -> Any:
    """The same document with a few changes."""
    if choose.random() < 0.1:
        return some_value(choose, depth)
    if isinstance(value, list):
        items = [changed(item, choose, depth + 1) for item in value if choose.random() < 0.9]
        if choose.random() < 0.3:
            items.insert(choose.randint(0, len(items)), some_value(choose, depth + 1))
        return items
    if isinstance(value, dict):
        return {name: changed(item, choose, depth + 1) for name, item in value.items() if choose.random() < 0.9}
    return value


def same(left: Any, right: Any) -> bool:
    """Equality in which true is not 1."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[name], right[name]) for name in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return isinstance(left, bool) == isinstance(right, bool) and left == right


def lines(values: list[Any]) -> bytes:
    return "".join(f"{json.dumps(value, ensure_ascii=index % 2 == 0)}\n" for index, value in enumerate(values)).encode()


DOCUMENTS = [some_value(random.Random(seed)) for seed in range(120)]
QUERIES = [
    "$",
    "$.*",
    "$[*].a",
    "$..a",
    "$..*",
    "$..[0]",
    "$..a.b",
    "$[0,-1,'a']",
    "$[1:]",
    "$[:-1]",
    "$[::-1]",
    "$[3:0:-2]",
    "$[0:3:2]",
    "$..['x y','é']",
    "$..[?@.a]",
    "$[?@.a == 1 || @.b > 'a']",
    "$..[?@ >= 1.5 && !(@ == 10)]",
    "$..[?@.a == $[0]]",
    "$..[?length(@) == 2]",
    "$..[?count(@.*) > 1]",
    "$..[?value(@..a) == 1]",
    "$..[?match(@, 'a.*')]",
    "$..[?search(@, '[b-z]$')]",
    '$[?match(@, "\\\\p{Ll}+")].a',
    "$..[?@[?@ > 1]]",
    "$.a[?@.b != null][*]",
    "$[?@['o\\'k'] < true || @[-1] <= 'b']",
    "$..*..a",
]


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_selects_what_the_standard_says(query: str, codi: Codi) -> None:
    nodes = [node for document in DOCUMENTS for node in jsonpath_rfc9535.find(query, document)]
    values = codi("json.query", query, stdin=lines(DOCUMENTS))
    assert values.status == (0 if nodes else 1), values.stderr
    assert [json.loads(line) for line in values.stdout.splitlines()] == [node.value for node in nodes]
    paths = codi("json.query", query, "--paths", stdin=lines(DOCUMENTS))
    assert paths.stdout.decode().split("\n")[:-1] == [node.path() for node in nodes]


@pytest.mark.parametrize(
    ("query", "position"),
    [
        ("a", 1),
        ("$.", 3),
        ("$ ", 2),
        ("$[01]", 3),
        ("$[-0]", 3),
        ("$[9007199254740992]", 3),
        ("$['\\x']", 5),
        ("$['\\ud800']", 10),
        ("$[?@.a", 7),
        ("$[?@.* == 1]", 4),
        ("$[?1]", 5),
        ("$[?!@.a == 1]", 5),
        ("$[?length(@.a)]", 15),
        ("$[?length(@.*) == 1]", 11),
        ("$[?count(1) == 1]", 10),
        ("$[?match(@.a, 'a') == true]", 4),
        ("$[?match(@.a)]", 13),
        ("$[?there(@)]", 4),
        ("$[?@.a = 1]", 8),
        ("$[?(@.a]", 8),
    ],
)
def test_a_bad_query_is_refused_at_its_place_before_anything_is_read(query: str, position: int, codi: Codi) -> None:
    result = codi("json.query", query, stdin=b"not JSON")
    assert result.status == 2
    assert f"json.query: the query is wrong at character {position}: " in result.stderr
    assert result.stdout == b""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """50 MB of records."""
    path = tmp_path_factory.mktemp("large") / "records.json"
    record = {"name": "item ünï", "tags": ["a", "b"], "price": 12.5, "text": "The quick brown fox. " * 8}
    with path.open("w") as file:
        file.write("[")
        number = 0
        while file.tell() < 50_000_000:
            file.write(",\n" if number else "")
            file.write(json.dumps({"id": number, **record}, ensure_ascii=False))
            number += 1
        file.write("]\n")
    yield path
    path.unlink()


def peak_kib(*words: str) -> tuple[int, int]:
    """The lines that a command prints, and the most memory that it takes."""
    code = (
        "import resource, subprocess, sys; done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, check=True); "
        "print(done.stdout.count(b'\\n'), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, check=True)
    counted, peak = done.stdout.split()
    return int(counted), int(peak)


@pytest.mark.parametrize("query", ["$[*].id", "$..id", "$[?@.id >= 0].id"])
def test_memory_does_not_grow_with_the_document(query: str, large: Path, tmp_path: Path) -> None:
    small = tmp_path / "small.json"
    small.write_text('[{"id": 1}]')
    peak_kib(CODI, "json.query", query, str(small))
    count, peak = peak_kib(CODI, "json.query", query, str(large))
    assert count > 100_000
    assert peak < peak_kib(CODI, "json.query", query, str(small))[1] + 16 * 1024


def test_a_limit_ends_the_reading(codi: Codi) -> None:
    result = codi("json.query", "$[*]", "--limit", "2", stdin=b"[1,2,3 and then something else")
    assert (result.status, result.stdout) == (0, b"1\n2\n")


def test_numbers_and_strings_stay_as_they_are_written(codi: Codi) -> None:
    text = b'[1.0, 1e400, 12345678901234567890.10, "\\u00e9\\/", -0]'
    assert codi("json.query", "$[*]", stdin=text).stdout == b'1.0\n1e400\n12345678901234567890.10\n"\\u00e9\\/"\n-0\n'
    assert codi("json.format", "--compact", stdin=text).stdout == text.replace(b" ", b"") + b"\n"


@pytest.mark.parametrize("flags", [{"indent": 2}, {"indent": 7, "sort_keys": True}, {"indent": 0}])
def test_format_agrees_with_python(flags: dict[str, Any], codi: Codi) -> None:
    words = ["--ascii", "--indent", str(flags["indent"]), *(["--sort-keys"] if "sort_keys" in flags else [])]
    expected = "".join(f"{json.dumps(document, **flags)}\n" for document in DOCUMENTS)
    text = "".join(f"{json.dumps(document)}\n" for document in DOCUMENTS)
    assert codi("json.format", *words, stdin=text.encode()).stdout.decode() == expected


@pytest.mark.parametrize("seed", range(12))
def test_a_patch_turns_the_old_document_into_the_new_one(seed: int, codi: Codi, tmp_path: Path) -> None:
    choose = random.Random(seed)
    old = [some_value(choose) for _ in range(30)]
    new = changed(old, choose)
    (tmp_path / "old").write_text(json.dumps(old))
    (tmp_path / "new").write_text(json.dumps(new, indent=1))
    result = codi("json.diff", str(tmp_path / "old"), str(tmp_path / "new"))
    assert result.status == (0 if same(old, new) else 1), result.stderr
    assert same(jsonpatch.apply_patch(old, json.loads(result.stdout)), new)


def merged(target: Any, patch: Any) -> Any:
    """RFC 7396, section 2."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


@pytest.mark.parametrize("seed", range(8))
def test_a_merge_patch_turns_the_old_document_into_the_new_one(seed: int, codi: Codi, tmp_path: Path) -> None:
    choose = random.Random(seed)
    text = json.dumps({str(number): some_value(choose) for number in range(20)}).replace("null", "3")
    old = json.loads(text)
    new = json.loads(json.dumps({name: changed(value, choose, 1) for name, value in old.items()}).replace("null", "4"))
    (tmp_path / "old").write_text(json.dumps(old))
    (tmp_path / "new").write_text(json.dumps(new))
    result = codi("json.diff", str(tmp_path / "old"), str(tmp_path / "new"), "--format", "merge")
    assert result.status == (0 if same(old, new) else 1), result.stderr
    assert same(merged(old, json.loads(result.stdout)), new)


SCHEMAS: list[Any] = [
    {"type": ["string", "integer"]},
    {"type": "integer", "multipleOf": 0.5, "exclusiveMaximum": 10},
    {"minimum": 1, "maximum": 1.5, "minLength": 1, "maxLength": 2},
    {"enum": [1, "a", [], {}, None, True]},
    {"not": {"const": 1}, "pattern": "^(a|x)"},
    {"items": {"type": "string"}, "minItems": 1, "maxItems": 3},
    {"prefixItems": [True, {"type": "object"}], "items": False},
    {"contains": {"type": "integer"}, "minContains": 1, "maxContains": 2},
    {"uniqueItems": True, "minProperties": 1, "maxProperties": 3},
    {"properties": {"a": {"type": "integer"}, "é": False}, "additionalProperties": {"type": ["array", "string"]}},
    {"patternProperties": {"^[a-b]": {"type": "number"}}, "additionalProperties": False},
    {"required": ["a"], "type": "object"},
    {"dependentRequired": {"a": ["b"]}, "dependentSchemas": {"b": {"maxProperties": 1}}},
    {"propertyNames": {"maxLength": 1, "pattern": "[a-zé]"}},
    {"anyOf": [{"type": "array"}, {"required": ["b"]}], "oneOf": [{"minItems": 2}, {"minProperties": 2}]},
    {"if": {"type": "array"}, "then": {"minItems": 2}, "else": {"type": "object"}},
    {"$ref": "#/$defs/tree", "$defs": {"tree": {"anyOf": [{"items": {"$ref": "#/$defs/tree"}, "type": "array"}, {}]}}},
    {"additionalProperties": {"$ref": "#"}, "items": {"$ref": "#"}, "maxLength": 1},
]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_schema_lets_pass_what_the_jsonschema_library_does(schema: Any, codi: Codi, tmp_path: Path) -> None:
    (tmp_path / "schema").write_text(json.dumps(schema))
    result = codi("json.validate", "--sequence", "--schema", str(tmp_path / "schema"), stdin=lines(DOCUMENTS))
    judge = jsonschema.Draft202012Validator(schema)
    refused = {number for number, document in enumerate(DOCUMENTS, 1) if not judge.is_valid(document)}
    problems = [json.loads(line) for line in result.stdout.splitlines()]
    assert {problem["line"] for problem in problems} == refused
    assert result.status == (1 if refused else 0), result.stderr


@pytest.mark.parametrize(
    ("schema", "named"),
    [
        ({"unevaluatedProperties": False}, "unevaluatedProperties"),
        ({"allOf": [{"$dynamicRef": "#a"}]}, "$dynamicRef"),
        ({"$ref": "https://example.org/schema"}, "$ref"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "$schema"),
        ({"pattern": "(?=a)"}, "pattern"),
        ({"items": [{}]}, "items"),
        ({"minimum": "1"}, "minimum"),
        ({"properties": {"a": 1}}, "a should be a schema: an object, true or false,"),
    ],
)
def test_a_schema_that_cannot_be_followed_is_refused_by_name(schema: Any, named: str, codi: Codi) -> None:
    result = codi("json.validate", "--inline", json.dumps(schema), stdin=b"{}")
    assert result.status == 2
    assert f"the schema cannot be used: {named} " in result.stderr


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        (b"[1,\n\n  2,]", 3, 5),
        (b'{"\xc3\xa9": tru}', 1, 10),
        (b"", 1, 1),
        (b"1 2", 1, 3),
        (b'["\xff"]', 1, 3),
        (b"[1,\x00]", 1, 4),
    ],
)
def test_what_is_not_json_is_told_with_its_place(text: bytes, line: int, column: int, codi: Codi) -> None:
    result = codi("json.validate", stdin=text)
    problem = json.loads(result.stdout)
    assert (result.status, problem["line"], problem["column"], problem["keyword"]) == (1, line, column, "syntax")


CELLS = ["a", "b,c", '"q"', "x\ny", "x\r\ny", "", "é", "1", "2.5", "true", " s ", "=1+1"]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_csv_comes_back_from_json_as_it_was(ending: str, codi: Codi) -> None:
    choose = random.Random(ending)
    rows = [["name", "x", "an other"], *([choose.choice(CELLS) for _ in range(3)] for _ in range(500))]
    text = io.StringIO()
    csv.writer(text, lineterminator=ending).writerows(rows)
    objects = codi("csv.to-json", stdin=("\ufeff" + text.getvalue()).encode())
    assert [json.loads(line) for line in objects.stdout.splitlines()] == [
        dict(zip(rows[0], row, strict=True)) for row in rows[1:]
    ]
    back = codi("csv.from-json", *(["--crlf"] if ending == "\r\n" else []), stdin=objects.stdout)
    assert list(csv.reader(io.StringIO(back.stdout.decode(), newline=""))) == rows
    arrays = codi("csv.to-json", "--headerless", "--array", stdin=text.getvalue().encode())
    assert json.loads(arrays.stdout) == rows


def test_types_are_those_of_json(codi: Codi) -> None:
    result = codi("csv.to-json", "--types", stdin=b"a,b,c,d,e,f\n1,-2.50,true,,007,1e5\n")
    assert result.stdout == b'{"a":1,"b":-2.50,"c":true,"d":null,"e":"007","f":1e5}\n'


@pytest.mark.parametrize(
    ("command", "text", "problem"),
    [
        ("csv.to-json", b"a,b\n1,2\n3\n", "fewer fields than in the first record in line 3"),
        ("csv.to-json", b'a,b\n"1\n2",2\n3,4,5\n', "more fields than in the first record in line 4"),
        ("csv.to-json", b'a\n"1', "not closed; the record begins in line 2"),
        ("csv.to-json", b'a\n"1"2\n', "something follows a closing quotation mark in line 2"),
        ("csv.to-json", b"a\n\xff\n", "not UTF-8 in line 2"),
        ("csv.to-json", b"a,a\n", "the header has a name twice in line 1"),
        ("csv.from-json", b'{"a":1}\n{"b":2}', "there is no column for the member b in record 2"),
        ("csv.from-json", b"[1,2]\n[3]", "differs from that of the columns in record 2"),
        ("csv.from-json", b'[{"a":1},3]', "an object or an array should be here in record 2"),
    ],
)
def test_what_does_not_fit_into_csv_is_refused(command: str, text: bytes, problem: str, codi: Codi) -> None:
    result = codi(command, stdin=text)
    assert result.status == 2
    assert problem in result.stderr


STATEMENTS = [
    "SELECT * FROM csv",
    "SELECT id, name AS n WHERE x > 1 AND NOT y = 3",
    "SELECT ID, \"a b\" FROM t WHERE name LIKE 'A%' OR \"a b\" IN (1, 2.50, '3') ORDER BY id DESC LIMIT 9 OFFSET 2",
    "SELECT id WHERE x BETWEEN 0 AND 1e1 AND name NOT LIKE '_' AND y IS NOT NULL",
    "SELECT x, id WHERE (x <> y OR y IS NULL) AND name >= 'b' ORDER BY 1, id",
    "SELECT id WHERE NOT (x NOT IN (1, 10) OR y NOT BETWEEN 1 AND 3) ORDER BY x DESC, y, id",
    "SELECT name, COUNT(*) AS c, COUNT(x), SUM(x), AVG(y), MIN(x), MAX(name) GROUP BY name ORDER BY name",
    "SELECT COUNT(*), SUM(x) WHERE id < 0",
    "SELECT x, y, COUNT(*) AS c GROUP BY x, y HAVING COUNT(*) > 5 ORDER BY c DESC, x, y",
]


def plain(row: Any) -> list[Any]:
    """Cells in a form that both judges have."""

    def cell(value: Any) -> Any:
        try:
            return "" if value is None else round(float(value), 9)
        except ValueError:
            return value

    return [cell(value) for value in row]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_select_agrees_with_sqlite(statement: str, codi: Codi) -> None:
    choose = random.Random(3)
    names, numbers = ["a", "ab", "b", "é", "AB", "x,y", "o'k", ""], ["1", "2", "2.5", "-1", "10", "", "0"]
    rows = [
        [
            choose.choice(names),
            choose.choice(numbers),
            choose.choice(numbers),
            choose.choice(["1", "3", ""]),
            str(number),
        ]
        for number in range(300)
    ]
    text = io.StringIO()
    csv.writer(text).writerows([["name", "x", "a b", "y", "id"], *rows])
    base = sqlite3.connect(":memory:")
    base.execute('create table csv(name text, x numeric, "a b" numeric, y numeric, id integer)')
    base.executemany("insert into csv values(?,?,?,?,?)", [[value or None for value in row] for row in rows])
    head, clause, tail = statement.partition(" WHERE ") if " WHERE " in statement else statement.partition(" GROUP ")
    asked = statement.replace(" FROM t", " FROM csv") if " FROM " in head else f"{head} FROM csv{clause}{tail}"
    expected = [plain(row) for row in base.execute(asked)]
    base.close()
    result = codi("csv.query", statement, stdin=text.getvalue().encode())
    assert result.status == 0, result.stderr
    assert [plain(row) for row in list(csv.reader(io.StringIO(result.stdout.decode())))[1:]] == expected


@pytest.mark.parametrize(
    ("statement", "position"),
    [
        ("DELETE FROM csv", 1),
        ("SELECT", 7),
        ("SELECT DISTINCT a", 8),
        ("SELECT b", 8),
        ("SELECT a WHERE a", 17),
        ("SELECT a WHERE a = 'x", 20),
        ("SELECT a FROM x JOIN y", 17),
        ("SELECT a, COUNT(*)", 8),
        ("SELECT a WHERE SUM(a) > 1", 16),
        ("SELECT a LIMIT -1", 16),
        ("SELECT a + 1", 10),
    ],
)
def test_other_sql_is_refused_at_its_place(statement: str, position: int, codi: Codi) -> None:
    result = codi("csv.query", statement, stdin=b"a\n1\n")
    assert result.status == 2
    assert f"csv.query: the statement is wrong at character {position}: " in result.stderr


DEEP = b"[" * 1000 + b"]" * 1000
DEEP_OBJECT = b'{"a":' * 999 + b"1" + b"}" * 999
TWICE = b"{" + b",".join(b'"a":%d' % number for number in range(200_000)) + b"}"


@pytest.mark.parametrize(
    ("words", "text", "status"),
    [
        (["json.query", "$..a"], b"[" * 1_000_000, 2),
        (["json.query", "$..[?@[0] == $]", "--count"], DEEP, 1),
        (["json.query", "$..a", "--count"], DEEP_OBJECT, 0),
        (["json.query", "$[?search(@, '(a|aa)*(a*)*b')]"], b'["' + b"a" * 300_000 + b'"]', 1),
        (["json.query", "$[?match(@, '((a{100}){100}){100}')]"], b'["a"]', 1),
        (["json.query", "$[?" + "(" * 5000 + "@" + ")" * 5000 + "]"], b"[]", 2),
        (["json.query", "$[?@ > 1]", "--count"], b"[" + b"9" * 1_000_000 + b",1e" + b"9" * 1000 + b"]", 0),
        (["json.format", "--sort-keys", "--compact"], DEEP, 0),
        (["json.format", "--sort-keys"], TWICE, 0),
        (["json.validate", "--inline", '{"items":{"$ref":"#"}}'], DEEP, 2),
        (["json.validate", "--inline", '{"$ref":"#"}'], b"1", 2),
        (["json.validate", "--inline", '{"additionalProperties":{"type":"integer"}}'], TWICE, 0),
        (["csv.to-json"], b'a\n"' + b"x" * 5_000_000, 2),
        (["csv.query", "SELECT a WHERE a LIKE '%a%a%a%a%b'"], b"a\n" + b"a" * 300_000, 0),
        (["csv.query", "SELECT a WHERE " + "(" * 5000 + "a = 1" + ")" * 5000], b"a\n1\n", 2),
    ],
)
def test_hostile_input_is_answered_soon(words: list[str], text: bytes, status: int, codi: Codi) -> None:
    result = codi(*words, stdin=text, timeout=10)
    assert result.status == status, result.stderr
    assert "trap" not in result.stderr


def test_arrays_without_anything_in_common_are_compared_soon(codi: Codi, tmp_path: Path) -> None:
    (tmp_path / "old").write_text(json.dumps(list(range(100_000))))
    (tmp_path / "new").write_text(json.dumps([str(number) for number in range(100_000)]))
    result = codi("json.changes", str(tmp_path / "old"), str(tmp_path / "new"), timeout=10)
    assert (result.status, result.stdout.count(b"\n")) == (1, 100_000)
