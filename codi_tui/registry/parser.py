"""The command line of `codi-registry`: each verb with its options, its help and an example."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, NoReturn

from codi_tui import __version__
from codi_tui.errors import UsageError
from codi_tui.registry.new import LANGS
from codi_tui.registry.server_parser import add_server_verbs

_PATH = """\
from an empty folder to a published command:
  codi-registry keygen
  codi-registry new hello --lang zig && cd hello
  codi-registry build
  codi-registry test
  codi-registry sign
  codi-registry publish --to /srv/codi
then the lines that publish shows go into the settings, and: codi run hello.greet"""


class _Parser(argparse.ArgumentParser):
    """Mistakes become codi's own errors."""

    def error(self, message: str) -> NoReturn:
        raise UsageError([message], hint=f"{self.prog} --help")


def make_parser() -> argparse.ArgumentParser:
    """The whole command line. Its `error` raises UsageError."""
    parser = _Parser(
        prog="codi-registry",
        description="Write, test, sign and publish libraries of commands.",
        epilog=_PATH,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"codi-registry {__version__}")
    verbs = parser.add_subparsers(title="verbs", dest="verb", required=True, parser_class=_Parser, metavar="VERB")
    _keygen(verbs)
    _new(verbs)
    _build_and_test(verbs)
    _sign(verbs)
    _verify(verbs)
    _diff(verbs)
    _publish(verbs)
    _trust(verbs)
    add_server_verbs(verbs, _verb)
    return parser


def _verb(verbs: Any, name: str, summary: str, example: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="tell it as one JSON document, errors too")
    return parser


def _keygen(verbs: Any) -> None:
    verb = _verb(
        verbs,
        "keygen",
        "make a signing key, kept in the system's keyring or in a file that only you can read",
        "codi-registry keygen",
    )
    place = verb.add_mutually_exclusive_group()
    place.add_argument("--name", help="for a second key beside the one called default")
    place.add_argument("--file", type=Path, metavar="PATH", help="keep it in this new file (0600) instead")


def _new(verbs: Any) -> None:
    verb = _verb(
        verbs,
        "new",
        "begin a library: a folder that builds and passes its own test at once",
        "codi-registry new hello --lang zig",
    )
    verb.add_argument("name", metavar="NAME", help="of the library, of its folder, and of its commands' group")
    verb.add_argument("--lang", required=True, metavar="LANG", help=f"of its module: {', '.join(LANGS)}")


def _build_and_test(verbs: Any) -> None:
    build = _verb(
        verbs,
        "build",
        "build the module, and check that what it imports is declared in codi.json",
        "codi-registry build",
    )
    test = _verb(
        verbs,
        "test",
        "run the examples of codi.json in the real sandbox; 1 when one is not as promised",
        "codi-registry test --json",
    )
    for verb in (build, test):
        verb.add_argument("folder", nargs="?", type=Path, default=Path(), metavar="FOLDER", help="the library's")


def _sign(verbs: Any) -> None:
    verb = _verb(
        verbs,
        "sign",
        "sign a release of a library; or a release, once more, for libraries that need several keys",
        "codi-registry sign\n  codi-registry sign release/hello.json --name second",
    )
    verb.add_argument(
        "what",
        nargs="?",
        type=Path,
        default=Path(),
        metavar="WHAT",
        help="the library's folder; a manifest, with --module and --to; or a signed release",
    )
    _key(verb)
    verb.add_argument("--module", type=Path, metavar="WASM")
    verb.add_argument("--to", type=Path, metavar="DIR", help="where the release goes (a library's folder: release/)")
    verb.add_argument("--sequence", type=int, metavar="N", help="rises with every release (one more than the last)")


def _verify(verbs: Any) -> None:
    verb = _verb(
        verbs,
        "verify",
        "verify a release as a user would who trusts your key, other keys, or a trust document",
        "codi-registry verify release/hello.json --public-key ea4a6c63…",
    )
    verb.add_argument("what", nargs="?", type=Path, default=Path(), metavar="WHAT", help="a release, or a folder")
    _whose(verb)
    verb.add_argument("--trust", type=Path, metavar="FILE", help="a trust document, which decides alone")


def _diff(verbs: Any) -> None:
    verb = _verb(
        verbs,
        "diff",
        "show what a user who updates will be asked; 1 when it is anything",
        "codi-registry diff release/hello.json .",
    )
    verb.add_argument("old", type=Path, metavar="OLD", help="a release, or a library's folder")
    verb.add_argument("new", type=Path, metavar="NEW", help="the same, of what comes after it")


def _publish(verbs: Any) -> None:
    verb = _verb(
        verbs,
        "publish",
        "put a release into a folder that codi takes libraries from, or onto a library server",
        "codi-registry publish --to /srv/codi\n  codi-registry publish --server https://libraries.example.com",
    )
    verb.add_argument("what", nargs="?", type=Path, default=Path(), metavar="WHAT", help="a release, or a folder")
    place = verb.add_mutually_exclusive_group(required=True)
    place.add_argument("--to", type=Path, metavar="DIR")
    place.add_argument(
        "--server", metavar="URL", help="its trust document decides; your token is that of codi auth login"
    )
    _whose(verb)


def _trust(verbs: Any) -> None:
    verb = _verb(
        verbs,
        "trust",
        "keep the document that says who may sign what: init, change, sign, publish",
        "codi-registry trust init trust.json --name root --rule 'hello=ea4a6c63…'",
    )
    parts = verb.add_subparsers(title="verbs", dest="part", required=True, parser_class=_Parser, metavar="VERB")
    first = _verb(
        parts,
        "init",
        "begin a document; its root is the key that signs it, and the --root-key beside it",
        "codi-registry trust init trust.json --name root --rule 'acme-*=ea4a6c63…,0f3a…:2'",
    )
    first.add_argument("file", type=Path, metavar="FILE", help="the new document")
    change = _verb(
        parts,
        "change",
        "make the next version of a document",
        "codi-registry trust change trust.json trust-2.json --name root --revoke 'ed25519:…=laptop lost'",
    )
    change.add_argument("old", type=Path, metavar="OLD")
    change.add_argument("file", type=Path, metavar="FILE", help="the next version")
    for part in (first, change):
        _edit(part)
    sign = _verb(parts, "sign", "add a root key's signature", "codi-registry trust sign trust-2.json --name root-2")
    sign.add_argument("file", type=Path, metavar="FILE")
    for part in (first, change, sign):
        _key(part)
    publish = _verb(
        parts,
        "publish",
        "put a document into a folder that codi takes libraries from, if users would take the step",
        "codi-registry trust publish trust.json --to /srv/codi",
    )
    publish.add_argument("file", type=Path, metavar="FILE")
    publish.add_argument("--to", type=Path, required=True, metavar="DIR")


def _edit(verb: argparse.ArgumentParser) -> None:
    more: dict[str, Any] = {"action": "append", "default": []}
    verb.add_argument("--rule", metavar="PATTERN=KEY[,KEY][:N]", help="N (1) of these keys sign such names", **more)
    verb.add_argument("--revoke", metavar="KEY_ID[=WHY]", help="what it signed is refused from now on", **more)
    verb.add_argument("--retire", metavar="KEY_ID[=WHY]", help="what it signed until now goes on", **more)
    verb.add_argument("--min-sequence", metavar="NAME=N", help="withdraw every release below it", **more)
    verb.add_argument("--reserve", metavar="NAME", help="no library and no group of commands may be called so", **more)
    verb.add_argument("--root-key", metavar="HEX", action="append", help="the keys of the root, all of them")
    verb.add_argument("--root-threshold", type=int, metavar="N", help="how many of them sign a document")
    verb.add_argument("--days", type=int, default=365, help="until it expires (365)")


def _key(verb: argparse.ArgumentParser) -> None:
    place = verb.add_mutually_exclusive_group()
    place.add_argument("--name", help="which of your keys signs (default)")
    place.add_argument("--key", metavar="KEYFILE", help="a key in a file (0600), or - for standard input")


def _whose(verb: argparse.ArgumentParser) -> None:
    whose = verb.add_mutually_exclusive_group()
    whose.add_argument("--name", help="trust this key of yours (default)")
    whose.add_argument("--public-key", action="append", metavar="HEX", help="trust this key; may be repeated")
