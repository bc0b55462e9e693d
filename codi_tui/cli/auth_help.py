"""The help of `codi auth`: one text for each verb."""

from __future__ import annotations

AUTH_USAGE = "usage: codi auth trust VERB …"
TRUST_USAGE = "usage: codi auth trust list | add URL | remove URL | refresh [URL] | explain LIBRARY"

AUTH = """Whom codi trusts.

usage: codi auth trust list | add URL | remove URL | refresh [URL] | explain LIBRARY

  trust     servers' trust documents: codi auth trust --help

login, logout and status are not in this version.

Examples:
  codi auth trust list
  codi auth trust explain text.count
"""

TRUST = """Whom codi trusts: who may sign which libraries of which server.

usage: codi auth trust list [--json]
       codi auth trust add URL [--yes --fingerprint HEX]
       codi auth trust remove URL [--yes]
       codi auth trust refresh [URL]
       codi auth trust explain LIBRARY [--json]

  list      each server, and what decides there: keys in the settings, or a trust document
  add       show a server's trust document, ask, and let it decide from then on
  remove    give a server's trust document up
  refresh   follow the trust documents to the newest, and say what changed
  explain   why a library is, or is not, trusted now: every check in its order

Each has its own help: codi auth trust add --help

Examples:
  codi auth trust add https://libraries.example.com
  codi auth trust explain deploy
"""

LIST_USAGE = "usage: codi auth trust list [--json]"
LIST = f"""Each library server of the settings, and what decides whose signatures count there.

{LIST_USAGE}

  --json    the same as JSON, with keys, rules and times

Nothing is asked of any server. A trust document that has expired is marked so: until a newer one is there, nothing of
its server is accepted.

Examples:
  codi auth trust list
  codi auth trust list --json
"""

ADD_USAGE = "usage: codi auth trust add URL [--bundle FILE] [--yes --fingerprint HEX]"
ADD = f"""Show a server's trust document, ask, and let it decide for that server from then on.

{ADD_USAGE}

  --fingerprint HEX   the root's fingerprint as its operator gave it to you; another one is refused (77)
  --yes               do not ask: for scripts, which have to name the fingerprint that they accept
  --bundle FILE       take the document from a file that codi sync export wrote; no socket is opened

The server has to be in the settings; it needs no keys there. If it is not, the lines to add are shown (78). Compare the
fingerprint with the operator's by a way that you trust: the server itself is not one. The answer is read from the
terminal. Without one, and without --yes, the document is shown and nothing is accepted (64).

Examples:
  codi auth trust add https://libraries.example.com
  codi auth trust add https://libraries.example.com --yes --fingerprint 5c0f…
"""

REMOVE_USAGE = "usage: codi auth trust remove URL [--yes]"
REMOVE = f"""Give a server's trust document up.

{REMOVE_USAGE}

  --yes     do not ask: for scripts

From then on the keys that the settings name for the server decide; without any its libraries are refused. Which releases
were accepted before stays known, so that an older one is refused when trust is added again.

Examples:
  codi auth trust remove https://libraries.example.com
"""

REFRESH_USAGE = "usage: codi auth trust refresh [URL]"
REFRESH = f"""Follow the trust documents of one server, or of all, to the newest, and say what changed.

{REFRESH_USAGE}

One server's failure does not keep the others from being asked; the exit status is then that of the first failure. codi
also does this by itself when it fetches a library and last asked more than an hour ago.

Examples:
  codi auth trust refresh
  codi auth trust refresh https://libraries.example.com
"""

EXPLAIN_USAGE = "usage: codi auth trust explain LIBRARY [--json]"
EXPLAIN = f"""Why a library is, or is not, trusted now: every check of a run, in its order, with what it goes by.

{EXPLAIN_USAGE}

  LIBRARY   a name, ORIGIN/NAME where several servers have one of that name, or a command such as text.count
  --json    the steps as JSON

No server is asked: it is about the copy that is here. Exit status: 0 trusted, 77 not, 66 nothing of it is here.

Examples:
  codi auth trust explain text-tools
  codi auth trust explain deploy.start
  codi auth trust explain https://libraries.example.com/deploy --json
"""
