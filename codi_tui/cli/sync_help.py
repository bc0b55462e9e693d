"""The help of `codi sync` and its verbs."""

from __future__ import annotations

SYNC_USAGE = "usage: codi sync pull|status|verify|pin|unpin|evict|prune|clear|export|import …"
SYNC = f"""The local copy of libraries: fetch, look over, pin, tidy, and carry to a machine without a network.

{SYNC_USAGE}

  pull      fetch libraries, verify, store and compile them, so that they run offline
  status    what is here, and how current it is
  verify    verify every cached library, module and compiled module now
  pin       run another release than the newest; unpin gives that up
  evict     drop a library from the cache
  prune     drop what is old or large
  clear     drop everything from the cache
  export    write libraries into one file, for a machine without a network
  import    take such a file in, verified as if it came from the server

Which releases were accepted, what is granted, pinned and trusted outlives evict, prune and clear.
Each has its own help: codi sync pull --help

Examples:
  codi sync pull
  codi sync status
"""

PULL_USAGE = "usage: codi sync pull [LIBRARY…] [--lock | --frozen] [--no-compile] [--offline] [--json]"
PULL = f"""Fetch libraries; verify, store and compile each, so that it runs offline and its first run is fast.

{PULL_USAGE}

  LIBRARY       a name, or ORIGIN/NAME; without any, what codi.lock names, else all that the servers offer
  --lock        write what was fetched into codi.lock, found upwards from here, or made here
  --frozen      for CI: exactly the digests in codi.lock, or failure
  --no-compile  leave compiling to the first run
  --offline     never open a socket: what is here is verified
  --json        what became of each, as JSON

One that fails keeps no other from being fetched; the exit status is then that of the first failure. After ctrl-c, or a
line that dropped, what was done stays done: pull again. A pinned library stays at its pin.

Examples:
  codi sync pull
  codi sync pull deploy --lock
  codi sync pull --frozen
"""

STATUS_USAGE = "usage: codi sync status [--offline] [--json]"
STATUS = f"""What is in the cache, verified now, and how current it is. Servers are asked what is newest.

{STATUS_USAGE}

  --offline  ask no server
  --json     the same as JSON

  fresh    its server was asked within the hour        update   its server has another version
  stale    that was longer ago; it runs                older    a release before the newest one here
  pinned   chosen with codi sync pin                   newer    it does not run: another release is chosen
  locked   chosen by codi.lock                         bundled  part of codi
  expired  revoked  refused: it does not run: codi auth trust explain LIBRARY

Examples:
  codi sync status
  codi sync status --offline --json
"""

VERIFY_USAGE = "usage: codi sync verify [--json]"
VERIFY = f"""Verify every cached library, module and compiled module, as of now. No server is asked, nothing is changed.

{VERIFY_USAGE}

  --json    each with its outcome, as JSON

Exit status: 0 all of it holds, 77 something does not. A compiled module that does not hold is never run: it is compiled
again.

Examples:
  codi sync verify
  codi sync verify --json
"""

PIN_USAGE = "usage: codi sync pin LIBRARY[@VERSION] [--lock] [--yes] [--offline]"
PIN = f"""Run this release of a library from now on, not the newest; without a version, the one that runs now.

{PIN_USAGE}

  --lock     write it into codi.lock, for this folder and all below it
  --yes      do not ask: for scripts
  --offline  never open a socket: it has to be here

It is verified first. That it is older is no refusal, for it is chosen; what its publisher has withdrawn, or a revoked key
has signed, is refused all the same. Pins are in the audit trail.

Examples:
  codi sync pin deploy@1.2.0
  codi sync pin deploy --lock --yes
"""

UNPIN_USAGE = "usage: codi sync unpin LIBRARY"
UNPIN = f"""Give a pin up: the newest release of the library runs again.

{UNPIN_USAGE}

Examples:
  codi sync unpin deploy
"""

EVICT_USAGE = "usage: codi sync evict LIBRARY[@VERSION]"
EVICT = f"""Drop a library from the cache, with its module and what was compiled of it. It is fetched again when it is wanted.

{EVICT_USAGE}

Examples:
  codi sync evict deploy
  codi sync evict deploy@1.1.0
"""

PRUNE_USAGE = "usage: codi sync prune [--older-than AGE] [--larger-than SIZE] [--dry-run] [--json]"
PRUNE = f"""Drop from the cache what was stored long ago, or is large; with both, what is both. Never what is pinned or locked.

{PRUNE_USAGE}

  --older-than AGE    such as 12h, 30d, 8w
  --larger-than SIZE  such as 500kB, 10MB; manifest, module and compiled module together
  --dry-run           say what would be dropped
  --json              what was dropped, as JSON

Examples:
  codi sync prune --older-than 30d
  codi sync prune --larger-than 10MB --dry-run
"""

CLEAR_USAGE = "usage: codi sync clear [--yes]"
CLEAR = f"""Drop everything from the cache, compiled modules too. Offline, nothing but the bundled commands runs then.

{CLEAR_USAGE}

  --yes     do not ask: for scripts

Which releases were accepted stays known, so that older ones are refused; grants, pins and trust stay.

Examples:
  codi sync clear
"""

EXPORT_USAGE = "usage: codi sync export FILE [LIBRARY…] [--offline]"
EXPORT = f"""Write cached libraries, with modules, signatures and trust documents, into one file.

{EXPORT_USAGE}

  LIBRARY    a name, or ORIGIN/NAME; without any, all that came from servers, as they would run here
  --offline  do not ask servers for the trust documents before the present one

FILE must not be there yet. Its receiver believes nothing of it: codi sync import FILE verifies all of it.

Examples:
  codi sync pull && codi sync export libraries.codi
  codi sync export deploy.codi deploy
"""

IMPORT_USAGE = "usage: codi sync import FILE [--no-compile] [--json]"
IMPORT = f"""Take libraries in from a file that codi sync export wrote, each verified as if it came from its server.

{IMPORT_USAGE}

  --no-compile  leave compiling to the first run
  --json        what became of each, as JSON

No socket is opened, and nothing comes to be trusted by it: the server has to be in the settings, and its keys or its
trust document be accepted here before. Where that is missing, the step to take is said.

Examples:
  codi sync import libraries.codi
"""
