"""`codi-registry`: for authors. This version makes keys, signs and verifies."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from pathlib import Path

from nacl.signing import SigningKey

from codi_tui import __version__
from codi_tui.errors import CodiError, DocumentError, InputError, ModuleError
from codi_tui.model.times import timestamp
from codi_tui.registry import export, serve, token, yank
from codi_tui.registry.sign import complete_manifest, sign_manifest
from codi_tui.text import sanitize, sanitize_line
from codi_tui.trust import Keyring, SecurityValidator, TrustedKey
from codi_tui.trust.canonical import loads_strict
from codi_tui.trust.signature import key_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _typeshed import SupportsWrite

_LOCAL = "local"


def main() -> int:
    """`codi-registry VERB …`: returns the exit status."""
    arguments = _parser().parse_args()
    try:
        line: str = arguments.verb(arguments)
    except CodiError as error:
        print(sanitize_line(f"codi-registry: {error.message} ({error.code})", 4000), file=sys.stderr)
        return 65 if isinstance(error, InputError) else 77
    except OSError as error:
        print(sanitize_line(f"codi-registry: {error.filename}: {error.strerror}"), file=sys.stderr)
        return 73 if isinstance(error, FileExistsError) else 65
    print(sanitize(line))
    return 0


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with a command line without repeating its control characters."""

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        super()._print_message(sanitize(message), file)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="codi-registry", description="Make keys, sign libraries, verify them.")
    parser.add_argument("--version", action="version", version=f"codi-registry {__version__}")
    verbs = parser.add_subparsers(title="verbs", required=True)
    keygen = verbs.add_parser("keygen", help="make a signing key in a new private file")
    keygen.add_argument("key", type=Path, metavar="KEYFILE")
    keygen.set_defaults(verb=_keygen)
    sign = verbs.add_parser("sign", help="sign a manifest and its module into DIR/NAME.json")
    sign.add_argument("manifest", type=Path, metavar="MANIFEST")
    sign.add_argument("--module", type=Path, metavar="WASM")
    sign.add_argument("--key", type=Path, required=True, metavar="KEYFILE")
    sign.add_argument("--sequence", type=int, required=True, help="rises with every release")
    sign.add_argument("--to", type=Path, required=True, metavar="DIR")
    sign.set_defaults(verb=_sign)
    verify = verbs.add_parser("verify", help="verify a signed library as a user with this key would")
    verify.add_argument("library", type=Path, metavar="LIBRARY.json")
    verify.add_argument("--public-key", required=True, metavar="HEX")
    verify.set_defaults(verb=_verify)
    serve.add(verbs)
    token.add(verbs)
    yank.add(verbs)
    export.add(verbs)
    return parser


def _keygen(arguments: argparse.Namespace) -> str:
    """The private key goes to the file and nowhere else; what is printed is public."""
    key = SigningKey.generate()
    descriptor = os.open(arguments.key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="ascii") as file:
        file.write(f"{bytes(key).hex()}\n")
    public_key = bytes(key.verify_key)
    return f"public key {public_key.hex()}\nkey id     {key_id(public_key)}"


def _sign(arguments: argparse.Namespace) -> str:
    key = _read_key(arguments.key)
    try:
        document = _signed(arguments, key)
    except (DocumentError, ModuleError) as error:
        raise InputError(error.message, code=error.code) from None
    arguments.to.mkdir(parents=True, exist_ok=True)
    path = arguments.to / f"{json.loads(document)['library']['name']}.json"
    path.write_bytes(document)
    return str(path)


def _signed(arguments: argparse.Namespace, key: SigningKey) -> bytes:
    source = loads_strict(arguments.manifest.read_bytes())
    if not isinstance(source, dict):
        raise InputError(f"{arguments.manifest} is not a manifest")
    module = arguments.module.read_bytes() if arguments.module else None
    manifest = complete_manifest(
        source,
        module,
        public_key=bytes(key.verify_key),
        sequence=arguments.sequence,
        issued_at=timestamp(time.time()),
    )
    return sign_manifest(manifest, module, key)


def _read_key(path: Path) -> SigningKey:
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise InputError(f"{path} can be read by others: chmod 600 it, or make a new key")
    try:
        return SigningKey(bytes.fromhex(path.read_text(encoding="ascii").strip()))
    except (ValueError, TypeError):
        raise InputError(f"{path} is not a key file of codi-registry keygen") from None


def _verify(arguments: argparse.Namespace) -> str:
    keyring = Keyring({_LOCAL: [TrustedKey(arguments.public_key, ["*"])]})
    validator = SecurityValidator(keyring, time.time)
    data, name = arguments.library.read_bytes(), arguments.library.stem
    library = asyncio.run(validator.admit(data, origin=_LOCAL, name=name))
    return f"{library.name} {library.version}: sha256 {library.digest}, signed by {library.key_id}"
