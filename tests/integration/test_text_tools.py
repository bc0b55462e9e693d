"""The bundled text-tools: the system's tools as judges."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import CODI, Codi

MANIFEST = json.loads((Path(__file__).parents[2] / "libraries/text-tools/manifest.json").read_bytes())
COMMANDS = {
    f"{group}.{name}": item
    for group, command in MANIFEST["commands"].items()
    for name, item in command["subcommands"].items()
}
WC = {**os.environ, "LC_ALL": "C.UTF-8"}


def test_it_has_the_commands_that_the_documentation_names() -> None:
    text = {f"text.{name}" for name in ("count", "case", "wrap", "dedupe", "diff", "template")}
    assert set(COMMANDS) == text | {f"encode.{name}" for name in ("base64", "hex", "url", "sha256", "uuid")}
    assert all(item["examples"] for item in COMMANDS.values())


@pytest.fixture(scope="module", params=["empty", "1 KB", "UTF-8", "binary", "40 MB"])
def sample(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of every kind; the large one is text."""
    path = tmp_path_factory.mktemp("samples") / request.param.replace(" ", "-")
    line = "The quick brown fox — über den Zaun 日本語\tjumps\r\n"
    data = {
        "empty": b"",
        "1 KB": (b"plain words and lines\n" * 50)[:1024],
        "UTF-8": (line * 400).encode(),
        "binary": b"".join(hashlib.sha256(str(number).encode()).digest() for number in range(4000)),
        "40 MB": (line * 8).encode(),
    }[request.param]
    if request.param == "40 MB":
        block = data * (1_000_000 // len(data))
        with path.open("wb") as file:
            for _ in range(40_000_000 // len(block)):
                file.write(block)
            file.write(block[: 40_000_000 % len(block)])
    else:
        path.write_bytes(data)
    return path


def test_count_agrees_with_wc(sample: Path) -> None:
    with sample.open("rb") as stdin:
        done = subprocess.run(
            [CODI, "run", "--output", "json", "text.count"], stdin=stdin, capture_output=True, check=True
        )
    counted = json.loads(done.stdout)
    for name, flag in (("lines", "-l"), ("words", "-w"), ("bytes", "-c"), ("chars", "-m")):
        with sample.open("rb") as stdin:
            wc = subprocess.run(["wc", flag], stdin=stdin, capture_output=True, check=True, env=WC)
        assert counted[name] == int(wc.stdout), name


def test_sha256_agrees_with_sha256sum(sample: Path) -> None:
    with sample.open("rb") as stdin:
        ours = subprocess.run([CODI, "encode.sha256"], stdin=stdin, capture_output=True, check=True)
    theirs = subprocess.run(["sha256sum", str(sample)], capture_output=True, check=True)
    assert ours.stdout.strip() == theirs.stdout.split()[0]


@pytest.mark.parametrize("command", ["encode.base64", "encode.hex"])
def test_what_is_encoded_decodes_to_the_same_bytes(command: str, sample: Path) -> None:
    with sample.open("rb") as stdin:
        encode = subprocess.Popen([CODI, command], stdin=stdin, stdout=subprocess.PIPE)
        decode = subprocess.Popen([CODI, command, "--decode"], stdin=encode.stdout, stdout=subprocess.PIPE)
        digest = hashlib.sha256()
        assert decode.stdout is not None
        for data in iter(lambda: decode.stdout.read(1 << 20), b""):  # type: ignore[union-attr]
            digest.update(data)
        decode.stdout.close()
        assert encode.stdout is not None
        encode.stdout.close()
        assert (encode.wait(), decode.wait()) == (0, 0)
    with sample.open("rb") as file:
        assert digest.hexdigest() == hashlib.file_digest(file, "sha256").hexdigest()


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    def peak_kib(size: int) -> int:
        path = tmp_path / "data"
        with path.open("wb") as file:
            file.truncate(size)
        code = (
            "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdin=open(0), "
            "stdout=subprocess.DEVNULL); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
        )
        with path.open("rb") as stdin:
            done = subprocess.run(
                [sys.executable, "-c", code, CODI, "encode.sha256"], stdin=stdin, capture_output=True, check=True
            )
        return int(done.stdout)

    peak_kib(0)
    assert peak_kib(100_000_000) < peak_kib(1_000) + 8 * 1024


def test_dedupe_keeps_the_first_of_each_line_of_a_large_input(tmp_path: Path, codi: Codi) -> None:
    lines = b"".join(b"%d\n" % (number * 7919 % 50_000) for number in range(500_000))
    result = codi("text.dedupe", stdin=lines)
    assert result.stdout == b"".join(b"%d\n" % (number * 7919 % 50_000) for number in range(50_000))


def test_diff_is_a_patch(tmp_path: Path, codi: Codi) -> None:
    old = [f"line {number % 97}" for number in range(3000)]
    new = [line for number, line in enumerate(old) if number % 31] + ["the end, without a line end"]
    (tmp_path / "old").write_text("\n".join(old) + "\n")
    (tmp_path / "new").write_text("\n".join(new))
    result = codi("text.diff", str(tmp_path / "old"), str(tmp_path / "new"))
    assert result.status == 1
    patch = result.stdout.replace(b"+++ new", b"+++ old", 1)
    subprocess.run(["git", "apply", "-p0", "--unidiff-zero"], input=patch, check=True, cwd=tmp_path)
    assert (tmp_path / "old").read_bytes() == (tmp_path / "new").read_bytes()
    assert codi("text.diff", str(tmp_path / "old"), str(tmp_path / "new")).status == 0


@pytest.mark.parametrize("kind", ["v4", "v7"])
def test_uuids_are_valid_and_all_different(kind: str, codi: Codi) -> None:
    import uuid

    made = [uuid.UUID(text) for text in codi("encode.uuid", "--kind", kind, "-n", "1000").stdout.decode().split()]
    assert len(set(made)) == 1000
    assert {item.version for item in made} == {int(kind[1])}
    assert {item.variant for item in made} == {uuid.RFC_4122}
    if kind == "v7":
        assert made == sorted(made)
