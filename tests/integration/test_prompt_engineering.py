"""prompt-engineering: its examples, its template language, and templates that mean harm."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from conftest import CODI, IN_CI, Codi, Result

FOLDER = Path(__file__).parents[2] / "libraries/prompt-engineering"
MANIFEST = json.loads((FOLDER / "manifest.json").read_bytes())
COMMANDS = MANIFEST["commands"]["prompt"]["subcommands"]
TEMPLATES = sorted((FOLDER / "templates").glob("*.md"))


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(autouse=True)
def compiled_once(home: Path, data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests share what codi keeps, so that the module is compiled for the first of them only."""
    monkeypatch.setenv("XDG_DATA_HOME", str(data_folder))


def rendered(codi: Codi, template: str, values: dict[str, Any] | None = None, *words: str) -> Result:
    """A template from standard input, filled in."""
    given = ["--values", json.dumps(values)] if values is not None else []
    return codi("prompt.generate", "--file", "-", *given, *words, stdin=template.encode())


def findings(codi: Codi, template: str | bytes, *words: str) -> list[tuple[str, int, int]]:
    """What lint finds in a template: rule, line, column."""
    data = template.encode() if isinstance(template, str) else template
    result = codi("prompt.lint", *words, stdin=data)
    found = [json.loads(line) for line in result.stdout.splitlines()]
    bad = any(item["severity"] == "error" for item in found) or ("--strict" in words and found != [])
    assert result.status == (1 if bad else 0), result.stderr
    return [(item["rule"], item["line"], item["column"]) for item in found]


def run_cases(codi: Codi, *cases: dict[str, Any], words: tuple[str, ...] = ()) -> tuple[Result, list[dict[str, Any]]]:
    """The events of `prompt.test` over these cases."""
    document = json.dumps({"cases": [{"name": "case", **case} for case in cases]})
    result = codi("run", "--output", "jsonl", "prompt.test", *words, "-", stdin=document.encode())
    return result, [json.loads(line) for line in result.stdout.splitlines()]


def test_it_needs_no_permission_and_has_the_commands_that_the_documentation_names() -> None:
    assert MANIFEST["library"]["permissions"] == []
    assert set(COMMANDS) == {"generate", "list", "show", "variables", "test", "lint"}
    assert all(len(item["examples"]) >= 3 for item in COMMANDS.values())
    outputs = {item["handler"]["output"] for item in COMMANDS.values()}
    assert outputs == {"markdown", "text", "csv", "events", "jsonl"}
    assert COMMANDS["show"]["arguments"][0]["enum"] == [path.stem for path in TEMPLATES]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_each_built_in_template_is_what_lint_asks_for(path: Path, codi: Codi) -> None:
    result = codi("prompt.lint", "--strict", "--max-length", "120", str(path))
    assert (result.status, result.stdout) == (0, b"")
    assert path.read_text().isascii()
    assert f"name: {path.stem}\n" in path.read_text()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_each_built_in_template_renders_once_its_variables_have_values(path: Path, codi: Codi) -> None:
    listing = codi("prompt.variables", path.stem).stdout.decode()
    required = [row["name"] for row in csv.DictReader(io.StringIO(listing)) if row["required"] == "true"]
    values: dict[str, Any] = {name: f"<{name}>" for name in required if name != "input"}
    values |= {name: [{"name": "a", "meaning": "b"}] for name in ("fields", "tasks") if name in required}
    stdin = b"<input>\n" if "input" in required else b""
    result = codi("prompt.generate", path.stem, "--values", json.dumps(values), stdin=stdin)
    assert result.status == 0, result.stderr
    for name in required:
        assert f"<{name}>" in result.stdout.decode() or name in ("fields", "tasks")
    assert b"\n\n\n" not in result.stdout
    missing = codi("prompt.generate", path.stem)
    assert (missing.status, missing.stdout) == (2, b"")
    assert all(name in missing.stderr for name in required)


def test_the_documentation_s_template_and_cases_hold(codi: Codi, tmp_path: Path) -> None:
    blocks = (FOLDER.parents[1] / "docs/prompts.md").read_text().split("```")
    (template,) = (block for block in blocks if block.startswith("\n---\n"))
    (cases,) = (block for block in blocks if block.startswith("json\n"))
    (tmp_path / "greet.md").write_text(template.removeprefix("\n"))
    (tmp_path / "cases.json").write_text(cases.removeprefix("json\n"))
    assert findings(codi, template.removeprefix("\n"), "--strict") == []
    result = codi(
        "run", "--json", "prompt.test", "--template", str(tmp_path / "greet.md"), str(tmp_path / "cases.json")
    )
    assert json.loads(result.stdout)["passed"] == 3


def test_the_record_s_example_needs_no_template_and_no_input(codi: Codi) -> None:
    result = codi("prompt.generate", "--topic", "x")
    assert (result.status, result.stderr) == (0, "")
    assert result.stdout.startswith(b"Explain x to a capable colleague")


@pytest.mark.parametrize(
    ("template", "values", "text"),
    [
        ("{{a}} {{ a }} {{a.b}}", {"a": {"b": "x"}}, '{"b": "x"} {"b": "x"} x'),
        ("{{a|some default}}", {}, "some default"),
        ("{{a|}}.", {}, "."),
        ("{{a|x}}", {"a": None}, "x"),
        ("{{n}} {{t}} {{f}}", {"n": 1.50, "t": True, "f": False}, "1.5 true false"),
        ("{{#if a}}yes{{else}}no{{/if}}", {"a": "x"}, "yes"),
        ("{{#if a}}yes{{else}}no{{/if}}", {"a": ""}, "no"),
        ("{{#if a}}yes{{else}}no{{/if}}", {"a": []}, "no"),
        ("{{#if a}}yes{{else}}no{{/if}}", {"a": {}}, "no"),
        ("{{#if a}}yes{{else}}no{{/if}}", {"a": False}, "no"),
        ("{{#if a}}yes{{else}}no{{/if}}", {"a": 0}, "yes"),
        ("{{#if a}}yes{{/if}}", {}, ""),
        ("{{#if a}}{{#if b}}1{{else}}2{{/if}}{{else}}3{{/if}}", {"a": 1}, "2"),
        ("{{#each l}}{{this}},{{/each}}", {"l": ["a", 2, None, [3]]}, None),
        ("{{#each l}}{{this}},{{/each}}", {"l": ["a", 2, [3]]}, "a,2,[3],"),
        ("{{#each l}}{{this.n}}{{#each this.l}}{{this}}{{/each}};{{/each}}", {"l": [{"n": 1, "l": [2, 3]}]}, "123;"),
        ("{{#each l}}{{#if this.x}}+{{else}}-{{/if}}{{o}}{{/each}}", {"l": [{"x": 1}, {}], "o": "."}, "+.-."),
        ("a{{! a comment }}b", {}, "ab"),
        ("a\n  {{! alone }}  \nb\n", {}, "a\nb\n"),
        ("a\r\n{{! alone }}\r\nb", {}, "a\r\nb"),
        (r"\{{a}} {b} }} {", {}, "{{a}} {b} }} {"),
        ("{{a}}", {"a": "{{b}} \\{{"}, "{{b}} \\{{"),
        ("ü {{ä}}", {}, None),
        ("---\nvariables:\n  - a: A = x = y\n  - b: B =\n---\n[{{a}}{{b}}]", {}, "[y]"),
        ("---\r\nname: x\r\n---\r\n{{a|d}}", {}, "d"),
        ("{{a}}}", {"a": 1}, "1}"),
        ("", {}, None),
        ("{{#each a}}x{{/each}}", {"a": "text"}, None),
    ],
)
def test_the_template_language(template: str, values: dict[str, Any], text: str | None, codi: Codi) -> None:
    result = rendered(codi, template, values)
    assert result.stdout.decode() == (text or "")
    assert result.status == (0 if text is not None else 2), result.stderr


def test_every_missing_variable_is_named_once_and_nothing_is_printed(codi: Codi) -> None:
    result = rendered(codi, "text {{a}} {{b.c}} {{a}} {{#each d}}{{/each}}")
    assert (result.status, result.stdout) == (2, b"")
    assert "no value for a, b.c, d;" in result.stderr
    many = rendered(codi, "".join(f"{{{{v{number}}}}}" for number in range(100)))
    assert "v19 and 80 more" in many.stderr


def test_what_is_set_wins_over_topic_values_and_defaults(codi: Codi) -> None:
    template = "---\nvariables:\n  - topic: T = default\n---\n{{topic}}"
    assert rendered(codi, template).stdout == b"default"
    assert rendered(codi, template, {"topic": "values"}).stdout == b"values"
    assert rendered(codi, template, {"topic": "values"}, "-t", "topic").stdout == b"topic"
    assert rendered(codi, template, {"topic": "values"}, "-t", "topic", "-s", "topic=set=x").stdout == b"set=x"


@pytest.mark.parametrize("assignment", ["noequals", "=value", "a b=c", "..=x"])
def test_a_set_without_a_name_is_refused(assignment: str, codi: Codi) -> None:
    result = codi("prompt.generate", "--topic", "x", "--set", assignment)
    assert (result.status, result.stdout) == (2, b"")


def test_input_is_read_only_where_a_template_wants_it(codi: Codi, tmp_path: Path) -> None:
    (tmp_path / "t.md").write_text("[{{input}}]")
    own = ("prompt.generate", "--file", str(tmp_path / "t.md"))
    assert codi(*own, stdin=b"a\nb\n").stdout == b"[a\nb]"
    assert codi(*own, "--set", "input=c", stdin=b"a").stdout == b"[c]"
    assert codi(*own, stdin=b"").status == 2
    assert "not UTF-8" in codi(*own, stdin=b"a\xff").stderr
    process = subprocess.Popen([CODI, "prompt.generate", "--topic", "x"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.wait(30) == 0  # its stdin never ends
    process.communicate()


def test_lint_finds_each_kind_of_problem_where_it_is(codi: Codi) -> None:
    front = "---\nname: n\ndescription: d\n"
    assert findings(codi, front + "variables:\n  - a: A\n---\n{{a}}\n") == []
    assert findings(codi, front + "variables:\n  - a: A\n---\nx\n") == [("unused-variable", 5, 5)]
    assert findings(codi, front + "---\nü {{b}} {{b.c}} {{d|x}}\n") == [
        ("undeclared-variable", 5, 5),
        ("undeclared-variable", 5, 19),
    ]
    assert findings(codi, front + "variables:\n  - a: A\n  - a: B\n---\n{{a}}") == [("duplicate-variable", 6, 5)]
    assert findings(codi, front + "author: me\nvariables:\n  - 1: A\n---\nx") == [
        ("front-matter", 4, 1),
        ("front-matter", 6, 3),
    ]
    assert findings(codi, "---\nname: n\n") == [("front-matter", 1, 1), ("empty-template", 3, 1)]
    assert findings(codi, front + "---\nx }} \\{{y}}\n") == [("stray-close", 5, 3)]
    assert findings(codi, front + "---\nx \nyy\t\n") == [("trailing-space", 5, 2), ("trailing-space", 6, 3)]
    assert findings(codi, front + "---\n" + "ü" * 21 + "\n", "--max-length", "20") == [("long-line", 5, 21)]
    assert findings(codi, front + "---\nx \n", "--strict") == [("trailing-space", 5, 2)]
    assert findings(codi, "x") == [("no-front-matter", 1, 1)]
    assert findings(codi, "") == [("empty-template", 1, 1)]
    assert ("not-utf-8", 1, 2) in findings(codi, b"x\xff")


@pytest.mark.parametrize(
    ("body", "rule", "column"),
    [
        ("{{", "unclosed-tag", 1),
        ("{{}}", "bad-tag", 1),
        ("{{a b}}", "bad-tag", 1),
        ("{{#unless a}}", "bad-tag", 1),
        ("{{#if}}", "bad-tag", 1),
        ("{{#if 1}}x{{/if}}", "bad-tag", 1),
        ("{{#if input}}", "unclosed-block", 7),
        ("{{/if}}", "stray-block-end", 1),
        ("{{#if input}}{{/each}}{{/if}}", "stray-block-end", 14),
        ("{{else}}", "else-without-if", 1),
        ("{{#if input}}{{else}}{{else}}{{/if}}", "else-without-if", 22),
        ("{{#each input}}{{else}}{{/each}}", "else-without-if", 16),
        ("{{this}}", "this-outside-each", 3),
        ("{{#each input}}{{this}}{{/each}}{{#if this.a}}x{{/if}}", "this-outside-each", 39),
        ("{{#if input}}" * 40 + "x" + "{{/if}}" * 40, "too-deep", 1 + 13 * 32),
    ],
)
def test_a_template_that_is_wrong_is_linted_and_never_rendered(body: str, rule: str, column: int, codi: Codi) -> None:
    assert findings(codi, "---\nname: n\n---\n" + body, "--max-length", "1000") == [(rule, 4, column)]
    result = codi("prompt.generate", "--file", "-", "--set", "input=x", stdin=body.encode())
    assert (result.status, result.stdout) == (2, b"")
    assert f"line 1, column {column}" in result.stderr


def test_lint_names_the_file_of_each_problem(codi: Codi, tmp_path: Path) -> None:
    for name in ("one.md", "two.md"):
        (tmp_path / name).write_text("x ")
    result = codi("prompt.lint", str(tmp_path / "one.md"), str(tmp_path / "two.md"))
    assert [json.loads(line)["file"] for line in result.stdout.splitlines()] == ["one.md"] * 2 + ["two.md"] * 2


def test_a_test_says_how_it_goes_and_what_failed(codi: Codi) -> None:
    result, events = run_cases(
        codi,
        {"name": "good", "text": "Hello {{who}}", "variables": {"who": "Ann"}, "expect": {"equals": "Hello Ann"}},
        {"name": 'bad "one"', "text": "Hello", "expect": {"contains": ["Hello", 'by"e'], "min_words": 2}},
    )
    assert result.status == 1
    assert [event["type"] for event in events] == [
        *("started", "progress", "log", "log", "progress", "result", "completed"),
    ]
    assert events[1] == {"seq": 2, "type": "progress", "done": 1, "total": 2, "message": "good"}
    assert events[2]["message"] == 'bad "one": expected it to contain "by"e"; it is "Hello"'
    assert events[5]["value"] == {
        "passed": 1,
        "failed": 1,
        "cases": [
            {"name": "good", "passed": True, "failed": []},
            {"name": 'bad "one"', "passed": False, "failed": ["contains", "min_words"]},
        ],
    }


@pytest.mark.parametrize(
    ("expectation", "holds"),
    [
        ({"contains": "quick"}, True),
        ({"contains": ["quick", "slow"]}, False),
        ({"not_contains": "slow"}, True),
        ({"not_contains": ["slow", "fox"]}, False),
        ({"starts_with": "The"}, True),
        ({"starts_with": "he"}, False),
        ({"ends_with": "fox ü\n"}, True),
        ({"ends_with": "fox"}, False),
        ({"equals": "The quick\nbrown fox ü\n"}, True),
        ({"equals": "The quick"}, False),
        ({"min_words": 5}, True),
        ({"min_words": 6}, False),
        ({"max_words": 5}, True),
        ({"max_words": 4}, False),
        ({"max_chars": 22}, True),
        ({"max_chars": 21}, False),
        ({"min_chars": 22}, True),
        ({"min_chars": 23}, False),
        ({"matches": "The*fox ?\n"}, True),
        ({"matches": "*quick*"}, True),
        ({"matches": "The"}, False),
        ({"matches": ["The*", "*\\*"]}, False),
        ({"not_matches": "*slow*"}, True),
        ({"missing": []}, True),
        ({"missing": "x"}, False),
    ],
    ids=str,
)
def test_each_expectation(expectation: dict[str, Any], holds: bool, codi: Codi) -> None:
    _, events = run_cases(
        codi, {"text": "The {{a}}\nbrown fox ü\n", "variables": {"a": "quick"}, "expect": expectation}
    )
    assert events[-2]["value"]["cases"][0]["failed"] == ([] if holds else list(expectation))


def test_a_missing_variable_fails_a_case_unless_it_is_expected(codi: Codi) -> None:
    _, events = run_cases(
        codi,
        {"text": "{{a}} {{b}}", "expect": {"max_words": 9}},
        {"text": "{{a}} {{b}}", "expect": {"missing": ["b", "a"]}},
        {"text": "{{a}} {{b}}", "expect": {"missing": "a"}},
        {"text": "{{#if a}}", "expect": {"max_words": 9}},
        {"text": "{{a}}", "expect": {"max_words": 9}},
        words=("--only", "c?s*"),
    )
    failed = [case["failed"] for case in events[-2]["value"]["cases"]]
    assert failed == [["missing"], [], ["missing"], ["renders"], ["missing"]]


def test_fail_fast_and_only_choose_what_is_run(codi: Codi) -> None:
    cases = [{"name": name, "text": "x", "expect": {"equals": "y"}} for name in ("a1", "a2", "b1")]
    for words, run in ((("-x",), ["a1"]), (("--only", "a*"), ["a1", "a2"]), (("--only", "?1", "-x"), ["a1"])):
        _, events = run_cases(codi, *cases, words=words)
        assert [case["name"] for case in events[-2]["value"]["cases"]] == run
    assert codi("prompt.test", "--only", "z*", "-", stdin=json.dumps({"cases": cases}).encode()).status == 2


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"\xff",
        b"[]",
        b'{"cases": {}}',
        b'{"cases": []}',
        b'{"cases": [1]}',
        b'{"cases": [{"name": "a"}]}',
        b'{"cases": [{"name": "a", "text": "x", "expect": {}}]}',
        b'{"cases": [{"name": "a", "text": "x", "expect": {"contain": "x"}}]}',
        b'{"cases": [{"name": "a", "text": "x", "expect": {"contains": 1}}]}',
        b'{"cases": [{"name": "a", "text": "x", "expect": {"max_words": "1"}}]}',
        b'{"cases": [{"name": "a", "text": "x", "expect": {"max_words": -1}}]}',
        b'{"cases": [{"name": "a", "text": "x", "template": "explain", "expect": {"contains": "x"}}]}',
        b'{"cases": [{"name": "a", "template": "nothing", "expect": {"contains": "x"}}]}',
        b'{"cases": [{"name": "a", "expect": {"contains": "x"}}]}',
        b'{"cases": [{"name": "a", "text": "x", "variables": [], "expect": {"contains": "x"}}]}',
        b'{"cases": [{"name": "a", "text": "x", "extra": 1, "expect": {"contains": "x"}}]}',
        b'{"cases": [{"name": "a", "text": "x", "expect": {"matches": "' + b"a" * 257 + b'"}}]}',
        json.dumps({"cases": [{"name": "a", "text": "x", "expect": {"equals": "x"}}] * 1001}).encode(),
    ],
    ids=range(19),
)
def test_a_file_of_cases_that_is_wrong_is_2_and_says_why(document: bytes, codi: Codi) -> None:
    result = codi("prompt.test", "-", stdin=document)
    assert (result.status, result.stdout) == (2, b"")
    assert result.stderr.startswith("prompt-engineering: ")


@pytest.mark.parametrize(
    "template",
    [
        "{{" * 500_000,
        "{{" * 500_000 + "}}",
        "}}" * 500_000,
        "\\{{" * 300_000,
        "{{#if a}}" * 100_000,
        "{{#if input}}" * 70_000 + "{{/if}}" * 70_000,
        "{{!}}   " * 120_000 + " " * 10,
        " " * 1_000_000,
        "{{a|" * 250_000 + "}}",
        "---\n" + "name: x\n" * 120_000,
        "---\nvariables:\n" + "".join(f" - v{number}: x\n" for number in range(60_000)) + "---\n{{v5}}",
        "".join(f"{{{{v{number}}}}}" for number in range(90_000)),
        "{{a}}" * 200_000,
    ],
    ids=range(13),
)
def test_a_hostile_template_is_over_in_seconds(template: str, codi: Codi) -> None:
    begun = time.monotonic()
    assert codi("prompt.lint", stdin=template.encode()).status in (0, 1)
    assert codi("prompt.generate", "--file", "-", "--set", "a=x", stdin=template.encode()).status in (0, 2)
    assert time.monotonic() - begun < 20


def test_lists_within_lists_are_stopped_before_they_explode(codi: Codi) -> None:
    values = {"l": list(range(1000))}
    for body in ("x", ""):
        result = rendered(codi, "{{#each l}}" * 6 + body + "{{/each}}" * 6, values)
        assert (result.status, result.stdout) == (2, b"")


def test_a_pattern_of_many_stars_is_matched_in_bounded_time(codi: Codi) -> None:
    text = "a" * 100_000
    _, events = run_cases(codi, {"text": text, "expect": {"matches": "*a" * 100 + "b"}})
    assert events[-2]["value"]["failed"] == 1


def test_it_works_without_any_network_interface(codi: Codi) -> None:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.fail("needs root and unshare") if IN_CI else pytest.skip("needs root and unshare")
    words = ["unshare", "--net", CODI, "prompt.generate", "--topic", "x"]
    assert subprocess.run(words, capture_output=True, check=True, timeout=30).stdout.startswith(b"Explain x")
