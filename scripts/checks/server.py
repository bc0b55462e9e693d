"""Of the library server: who may see what, what is let in, and what a peer can cost."""

from __future__ import annotations

from checks.check import Check

_READING = "tests/server/test_reading.py"
_PUBLISHING = "tests/server/test_publishing.py"
_LIMITS = "tests/server/test_limits.py"
_PROCESS = "tests/server/test_process.py"
_REFUSED = f"{_PUBLISHING}::test_what_a_client_would_refuse_is_refused_and_nothing_of_it_is_seen"

CHECKS = (
    Check(
        "server, a token",
        "server/context.py",
        'if self.public_read and "authorization" not in connection.headers:',
        'if "authorization" not in connection.headers:',
        f"{_READING}::test_nothing_is_answered_without_a_token_that_counts[/api/v1/libraries]",
    ),
    Check(
        "server, one token",
        "server/context.py",
        "if token is None or len(shown) > 1:",
        "if token is None:",
        f"{_READING}::test_two_tokens_are_none",
    ),
    Check(
        "server, a token that counts",
        "holdings/tokens.py",
        'token is not None and token.status(now) == "active"',
        "token is not None",
        f"{_READING}::test_a_token_ends_when_it_is_revoked_or_has_expired",
    ),
    Check(
        "server, tokens as hashes",
        "holdings/tokens.py",
        "(_hash(text), token.id, granted",
        "(text, token.id, granted",
        f"{_PROCESS}::test_a_token_is_not_kept",
    ),
    Check(
        "server, permission",
        "server/context.py",
        "if not rights.allow(kind, name):",
        "if False:",
        f"{_READING}::test_what_is_not_permitted_is_refused_in_the_record_s_words_whether_or_not_it_is_there",
    ),
    Check(
        "server, permission in lists",
        "server/reading.py",
        "catalog.page(rights.patterns(READ), ",
        'catalog.page(("*",), ',
        f"{_READING}::test_nothing_tells_a_caller_of_what_it_may_not_read",
    ),
    Check(
        "server, permission for blobs",
        "holdings/releases.py",
        "for name, size, kind in rows if rights.allow(READ, name))",
        "for name, size, kind in rows)",
        f"{_READING}::test_nothing_tells_a_caller_of_what_it_may_not_read",
    ),
    Check(
        "server, permission for commands",
        "holdings/releases.py",
        "if library in (None, name) and rights.allow(READ, name))",
        "if library in (None, name))",
        f"{_READING}::test_nothing_tells_a_caller_of_what_it_may_not_read",
    ),
    Check(
        "publish, the version in the path",
        "holdings/publishing.py",
        "if library.version != version:",
        "if False:",
        f"{_REFUSED}[another version]",
    ),
    Check(
        "publish, the module inside",
        "holdings/publishing.py",
        "if library.module is None and library.module_digest is not None:",
        "if False:",
        f"{_REFUSED}[without its module]",
    ),
    Check(
        "publish, a module",
        "holdings/publishing.py",
        "validate_module(library.module.data)",
        "pass",
        f"{_REFUSED}[with what is no module]",
    ),
    Check(
        "publish, other bytes",
        "holdings/publishing.py",
        "if (digest, size) != (envelope.digest, len(body)):",
        "if False:",
        f"{_PUBLISHING}::test_a_release_is_there_once_and_never_changes",
    ),
    Check(
        "publish, sequence",
        "holdings/publishing.py",
        "record = _record(connection, name, trust)",
        "record = Record()",
        f"{_PUBLISHING}::test_a_release_is_there_once_and_never_changes",
    ),
    Check(
        "publish, a revoked key's mark",
        "holdings/publishing.py",
        "if counting.issuperset(json.loads(keys))",
        "if True",
        f"{_PUBLISHING}::test_a_revoked_key_s_releases_are_offered_no_longer_and_bar_no_way",
    ),
    Check(
        "publish, a revoked key's releases",
        "holdings/chain.py",
        "            _yank_unsigned(connection, taken, before)",
        "            pass",
        f"{_PUBLISHING}::test_a_revoked_key_s_releases_are_offered_no_longer_and_bar_no_way",
    ),
    Check(
        "server, an endless head",
        "server/protocol.py",
        "and self._head_bytes > SERVER_HEAD_BYTES and",
        "and False and",
        f"{_LIMITS}::test_a_head_that_is_too_large_is_refused[endless]",
    ),
    Check(
        "server, a large head",
        "server/protocol.py",
        "for name, value in self.headers) > SERVER_HEAD_BYTES:",
        "for name, value in self.headers) < 0:",
        f"{_LIMITS}::test_a_head_that_is_too_large_is_refused[headers]",
    ),
    Check(
        "server, a head's clock",
        "server/protocol.py",
        "super().connection_made(transport)\n        self._wind(SERVER_HEAD_SECONDS)",
        "super().connection_made(transport)",
        f"{_LIMITS}::test_a_silent_connection_is_let_go",
    ),
    Check(
        "server, a body's clock",
        "server/writing.py",
        "asyncio.timeout(SERVER_BODY_SECONDS)",
        "asyncio.timeout(30)",
        f"{_LIMITS}::test_a_body_that_drips_is_let_go",
    ),
    Check(
        "server, connections",
        "server/protocol.py",
        "if len(self.connections) > SERVER_CONNECTIONS_MAX:",
        "if False:",
        f"{_LIMITS}::test_too_many_connections_are_told_so_and_those_that_are_there_are_served",
    ),
    Check(
        "server, the announced size of a body",
        "server/writing.py",
        "if len(length) > 18 or int(length) > DOCUMENT_MAX_BYTES:",
        "if False:",
        f"{_LIMITS}::test_a_body_that_says_it_is_too_large_is_not_read",
    ),
    Check(
        "server, the size of a body",
        "server/writing.py",
        "if len(body) > DOCUMENT_MAX_BYTES:",
        "if False:",
        f"{_PUBLISHING}::test_what_is_sent_is_bounded_and_of_one_type",
    ),
    Check(
        "server, no redirects",
        "server/app.py",
        "app.router.redirect_slashes = False",
        "app.router.redirect_slashes = True",
        f"{_READING}::test_a_path_that_is_none_says_nothing_of_the_server[/api/v1/libraries/]",
    ),
    Check(
        "server, one on a folder",
        "holdings/folder.py",
        "fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "pass",
        f"{_PROCESS}::test_a_folder_has_one_server_and_is_its_owner_s_alone",
    ),
)
