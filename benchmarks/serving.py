"""A library server on a new folder, with a trust document and as many small libraries as wanted, for the benchmarks."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from nacl.signing import SigningKey

from codi_tui.holdings.folder import DataFolder
from codi_tui.holdings.tokens import create_token
from codi_tui.model.times import timestamp
from codi_tui.registry.sign import complete_manifest, sign_manifest
from codi_tui.runtime import bundled_folder
from codi_tui.trust import canonical_json
from codi_tui.trust.envelope import open_document
from codi_tui.trust.signature import key_id

KEY, ROOT = SigningKey.generate(), SigningKey.generate()
DAY = 24 * 60 * 60


class Serving:
    """A server's process."""

    def __init__(self, data: Path) -> None:
        trust = data.with_name("trust.json")
        if not trust.exists():
            trust.write_bytes(_trust())
        self.data = data
        self.process = subprocess.Popen(
            [sys.executable, "-m", "codi_tui.server", "--data", str(data), "--port", "0", "--trust", str(trust)],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        line = self.process.stderr.readline()
        if "url=" not in line:
            raise SystemExit(line + self.process.stderr.read())
        self.origin = line.split("url=")[1].split()[0]

    def token(self, *permissions: str) -> str:
        """A token for an hour."""
        return create_token(DataFolder(str(self.data)).database, permissions, 3600)[0]

    def stop(self) -> None:
        """Let it end as it is told to."""
        self.process.terminate()
        self.process.communicate(timeout=20)

    def kill(self) -> None:
        """End it here and now."""
        self.process.kill()
        self.process.communicate(timeout=20)


def library(name: str, sequence: int = 1) -> bytes:
    """The bundled text-tools under another name, signed: a manifest of 18 kB and a module of 58."""
    envelope = open_document((Path(bundled_folder()) / "text-tools.json").read_bytes())
    source: dict[str, Any] = envelope.document
    source["library"] |= {"name": name, "version": f"1.{sequence}.0"}
    commands = source["commands"]["text"]["subcommands"]
    source["commands"] = {name: {"description": "", "subcommands": commands}}
    complete = complete_manifest(
        source,
        envelope.module,
        public_key=bytes(KEY.verify_key),
        sequence=sequence,
        issued_at=timestamp(time.time() - 60),
    )
    return sign_manifest(complete, envelope.module, KEY)


def _trust() -> bytes:
    def entry(key: SigningKey) -> dict[str, str]:
        public_key = bytes(key.verify_key)
        return {"key_id": key_id(public_key), "public_key": public_key.hex()}

    document = {
        "type": "codi/trust/v1",
        "version": 1,
        "expires_at": timestamp(time.time() + 300 * DAY),
        "root": {"threshold": 1, "keys": [entry(ROOT)]},
        "keys": [{**entry(KEY), "status": "active", "reason": ""}],
        "rules": [{"libraries": ["*"], "key_ids": [entry(KEY)["key_id"]], "threshold": 1}],
    }
    signature = {"key_id": entry(ROOT)["key_id"], "sig": ROOT.sign(canonical_json(document)).signature.hex()}
    return json.dumps({**document, "signatures": [signature]}).encode()
