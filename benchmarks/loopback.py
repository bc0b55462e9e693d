"""A loopback library server with one library, `bench`, for the benchmarks."""

from __future__ import annotations

import itertools
import tempfile
import threading
import time
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from nacl.signing import SigningKey

from codi_tui.model.times import timestamp
from codi_tui.registry.sign import complete_manifest, sign_manifest
from codi_tui.runtime import bundled_folder
from codi_tui.trust.canonical import canonical_json
from codi_tui.trust.envelope import open_document

ALLOW = ("clock", "random", "limit:wall:1h", "limit:output:64GiB")
"""What the module imports and its handler asks for; a library that is not bundled is granted nothing by itself."""
_SIGNING_BYTES = 300
"""What signing adds to a manifest, about."""


def make_home(folder: Path, port: int) -> Path:
    """A new home whose settings name the server and its key."""
    home = Path(tempfile.mkdtemp(dir=folder))
    settings = home / ".config/coditect/codi"
    settings.mkdir(parents=True)
    (settings / "config.toml").write_text((folder / "config.toml").read_text().replace("PORT", str(port)))
    return home


def serve(folder: Path, manifest_bytes: int = 0) -> ThreadingHTTPServer:
    """A loopback library server with one library: the bundled text-tools under the name bench.

    Args:
        manifest_bytes: its commands are repeated under other names until the manifest has about this size.
    """
    document = (Path(bundled_folder()) / "text-tools.json").read_bytes()
    envelope, key = open_document(document), SigningKey.generate()
    manifest = envelope.document
    manifest["library"]["name"] = "bench"
    commands = manifest["commands"]["text"]["subcommands"]
    manifest["commands"] = {"bench": {"description": "", "subcommands": dict(commands)}}
    for number, (name, command) in enumerate(itertools.cycle(commands.items())):
        if len(canonical_json(manifest)) + _SIGNING_BYTES >= manifest_bytes:
            break
        manifest["commands"]["bench"]["subcommands"][f"{name}-{number}"] = command
    signed = complete_manifest(
        manifest,
        envelope.module,
        public_key=bytes(key.verify_key),
        sequence=1,
        issued_at=timestamp(time.time()),
    )
    api = folder / "site/api/v1"
    (api / "libraries").mkdir(parents=True)
    (api / "commands").mkdir()
    (api / "libraries/bench").write_bytes(sign_manifest(signed, envelope.module, key))
    (api / "commands/bench.count").write_text('{"library": "bench"}')
    (folder / "config.toml").write_text(
        '[[servers]]\nurl = "http://127.0.0.1:PORT"\ninsecure_loopback = true\n'
        f'[[servers.trusted_keys]]\npublic_key = "{bytes(key.verify_key).hex()}"\nlibraries = ["bench"]\n'
    )

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(folder / "site"))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
