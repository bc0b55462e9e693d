"""`codi-registry`: for authors, from an empty folder to a published command; and for whoever keeps the trust document."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from codi_tui.errors import CodiError
from codi_tui.registry.outcome import Outcome, from_os, report, show
from codi_tui.registry.parser import make_parser

_INTERRUPTED = 130


def main() -> int:
    """`codi-registry VERB …`: returns the exit status."""
    as_json = "--json" in sys.argv[1:]
    try:
        arguments = make_parser().parse_args()
        verb = _VERBS[arguments.verb]
        return show(verb(arguments), as_json=as_json)
    except CodiError as error:
        return report(error, as_json=as_json)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0  # whoever reads has had enough
    except OSError as error:
        return report(from_os(error), as_json=as_json)
    except KeyboardInterrupt:
        return _INTERRUPTED


# Each verb imports its own part: `keygen` and `new` need no engine, and start at once.


def _keygen(arguments: argparse.Namespace) -> Outcome:
    from codi_tui.registry.keygen import keygen

    return keygen(arguments.name, arguments.file)


def _new(arguments: argparse.Namespace) -> Outcome:
    from codi_tui.registry.new import new

    return new(arguments.name, arguments.lang, Path())


def _build(arguments: argparse.Namespace) -> Outcome:
    from codi_tui.registry.build import build

    return build(arguments.folder)


def _test(arguments: argparse.Namespace) -> Outcome:
    from codi_tui.registry.examples import test

    return test(arguments.folder)


def _sign(arguments: argparse.Namespace) -> Outcome:
    from codi_tui.registry.keys import read_key
    from codi_tui.registry.signing import sign

    key = read_key(arguments.name, arguments.key)
    return sign(arguments.what, arguments.module, arguments.to, arguments.sequence, key)


def _verify(arguments: argparse.Namespace) -> Outcome:
    from codi_tui.registry.verify import Trusted, read_trust, verify

    if arguments.trust is not None:
        return verify(arguments.what, Trusted([], read_trust(arguments.trust)))
    return verify(arguments.what, Trusted(_public_keys(arguments)))


def _diff(arguments: argparse.Namespace) -> Outcome:
    from codi_tui.registry.diff import diff

    return diff(arguments.old, arguments.new)


def _publish(arguments: argparse.Namespace) -> Outcome:
    if arguments.server is not None:
        from codi_tui.registry.publish_server import publish_to_server

        return publish_to_server(arguments.what, arguments.server)
    from codi_tui.library.folder import latest_trust
    from codi_tui.registry.publish import publish

    decided = latest_trust(str(arguments.to)) is not None
    return publish(arguments.what, arguments.to, [] if decided else _public_keys(arguments))


def _public_keys(arguments: argparse.Namespace) -> list[str]:
    """The keys that are named, or the author's own."""
    from codi_tui.registry.keys import public_facts, read_key

    return arguments.public_key or [public_facts(read_key(arguments.name, None))["public_key"]]


def _trust(arguments: argparse.Namespace) -> Outcome:
    from codi_tui.registry import trust
    from codi_tui.registry.keys import read_key

    if arguments.part == "publish":
        return trust.publish(arguments.file, arguments.to)
    key = read_key(arguments.name, arguments.key)
    if arguments.part == "sign":
        return trust.sign(arguments.file, key)
    edit = trust.Edit(
        rules=arguments.rule,
        retire=arguments.retire,
        revoke=arguments.revoke,
        min_sequence=arguments.min_sequence,
        reserve=arguments.reserve,
        root_keys=arguments.root_key,
        root_threshold=arguments.root_threshold,
        days=arguments.days,
    )
    if arguments.part == "init":
        return trust.init(arguments.file, edit, key)
    return trust.change(arguments.old, arguments.file, edit, key)


def _serve(arguments: argparse.Namespace) -> Outcome:
    from codi_tui.registry.serve import serve

    serve(arguments.words)


def _token(arguments: argparse.Namespace) -> Outcome:
    from codi_tui.registry import token

    if arguments.part == "create":
        return token.create(arguments.data, arguments.permission, arguments.expires)
    return token.revoke(arguments.data, arguments.id) if arguments.part == "revoke" else token.show_all(arguments.data)


def _yank(arguments: argparse.Namespace) -> Outcome:
    from codi_tui.registry.yank import yank

    return yank(arguments.data, arguments.library, arguments.version, undo=arguments.undo)


def _export(arguments: argparse.Namespace) -> Outcome:
    from codi_tui.registry.export import export

    return export(arguments.data, arguments.static)


_VERBS = {
    "keygen": _keygen,
    "new": _new,
    "build": _build,
    "test": _test,
    "sign": _sign,
    "verify": _verify,
    "diff": _diff,
    "publish": _publish,
    "trust": _trust,
    "serve": _serve,
    "token": _token,
    "yank": _yank,
    "export": _export,
}
