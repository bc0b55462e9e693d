"""Seal the bundled libraries: sign each with a key made for this sealing and thrown away.

Usage: python scripts/seal.py [--check]

Needs the built modules (scripts/build_modules.py). Writes libraries/sealed/: NAME.json (signed), key.json (the public
half and the names that it may sign), index.json (command to library), help.txt, completion.txt. With --check it writes nothing: each
signed message must be what its source says, each signature must hold, and the other files must be what they would be.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from nacl.signing import SigningKey

from codi_tui.catalog.commands import summary
from codi_tui.catalog.completion import render_commands
from codi_tui.errors import CodiError
from codi_tui.model.times import timestamp
from codi_tui.registry.sign import complete_manifest, sign_manifest
from codi_tui.trust import BUNDLED, Keyring, SecurityValidator, TrustedKey, canonical_json
from codi_tui.trust.envelope import open_document

LIBRARIES = Path(__file__).resolve().parent.parent / "libraries"
SEALED = LIBRARIES / "sealed"


def main() -> int:
    """Returns the exit status."""
    sources = {path.parent.name: json.loads(path.read_bytes()) for path in sorted(LIBRARIES.glob("*/manifest.json"))}
    if "--check" in sys.argv[1:]:
        problems = check(sources)
        print("\n".join(problems) or f"sealed: {', '.join(sources)}")
        return 1 if problems else 0
    seal(sources)
    return 0


def seal(sources: dict[str, Any]) -> None:
    """Sign every library anew. The private key lives in this call only."""
    key = SigningKey.generate()
    SEALED.mkdir(exist_ok=True)
    for name, source in sources.items():
        module = LIBRARIES / name / "build" / "module.wasm"
        wasm = module.read_bytes() if "wasm_module" in source else None
        manifest = complete_manifest(
            source, wasm, public_key=bytes(key.verify_key), sequence=1, issued_at=timestamp(time.time())
        )
        (SEALED / f"{name}.json").write_bytes(sign_manifest(manifest, wasm, key))
    for name, text in companions(sources, bytes(key.verify_key).hex()).items():
        (SEALED / name).write_text(text, encoding="utf-8", newline="\n")


def companions(sources: dict[str, Any], public_key: str) -> dict[str, str]:
    """The files beside the signed ones, by name."""
    commands = {
        f"{group}.{name}": {"library": library, "description": item["description"]}
        for library, source in sources.items()
        for group, command in source["commands"].items()
        for name, item in command["subcommands"].items()
    }
    return {
        "key.json": f"{json.dumps({'public_key': public_key, 'libraries': sorted(sources)}, indent=1)}\n",
        "index.json": f"{json.dumps({'commands': commands}, indent=1, sort_keys=True, ensure_ascii=False)}\n",
        "help.txt": rendered_help(sources),
        "completion.txt": rendered_completion(sources),
    }


def rendered_help(sources: dict[str, Any]) -> str:
    """What `codi help` prints of the bundled libraries."""
    lines = ["Bundled commands (codi help COMMAND tells more):"]
    for library, source in sources.items():
        lines += ["", f"{library} {source['library']['version']}"]
        lines += [
            f"  {f'{group}.{name}':<18}  {summary(item['description'])}"
            for group, command in source["commands"].items()
            for name, item in command["subcommands"].items()
        ]
    return "\n".join(lines) + "\n"


def rendered_completion(sources: dict[str, Any]) -> str:
    """What the tab key knows of the bundled libraries."""
    return render_commands(
        (f"{group}.{name}", item)
        for source in sources.values()
        for group, command in source["commands"].items()
        for name, item in command["subcommands"].items()
    )


def check(sources: dict[str, Any]) -> list[str]:
    """What is not as it should be, one line each."""
    key = json.loads((SEALED / "key.json").read_bytes())
    expected = companions(sources, key["public_key"])
    problems = [f"{name} is stale" for name, text in expected.items() if (SEALED / name).read_text("utf-8") != text]
    sealed = {path.stem for path in SEALED.glob("*.json")} - {"key", "index"}
    problems += [f"{name} is sealed but has no source, or the reverse" for name in sorted(sealed ^ set(sources))]
    validator = SecurityValidator(Keyring({BUNDLED: [TrustedKey(key["public_key"], key["libraries"])]}), time.time)
    for name in sorted(sealed & set(sources)):
        document = (SEALED / f"{name}.json").read_bytes()
        try:
            asyncio.run(validator.admit(document, origin=BUNDLED, name=name))
            if open_document(document).message != expected_message(sources[name], document, key["public_key"]):
                problems.append(f"{name}: what is signed is not what its source says")
        except CodiError as error:
            problems.append(f"{name}: {error.message} ({error.code})")
    return problems


def expected_message(source: dict[str, Any], document: bytes, public_key: str) -> bytes:
    """The message that sealing the source would sign, with the sealed document's module, time and sequence."""
    envelope = open_document(document)
    claims = envelope.document["library"]
    manifest = complete_manifest(
        source,
        envelope.module,
        public_key=bytes.fromhex(public_key),
        sequence=claims["sequence"],
        issued_at=claims["issued_at"],
    )
    return canonical_json(manifest)


if __name__ == "__main__":
    sys.exit(main())
