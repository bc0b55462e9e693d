"""Of servers, addresses and settings."""

from __future__ import annotations

from checks.check import Check

CHECKS = (
    Check(
        "offline, the client",
        "library/client.py",
        "if self._offline:",
        "if False:",
        "tests/unit/test_library_client.py::test_offline_mode_sends_nothing",
    ),
    Check(
        "names in URLs",
        "library/client.py",
        "if not is_name(name) or not (version is None or is_version(version)):",
        "if False:",
        "tests/unit/test_library_client.py::test_a_name_that_is_none_sends_no_request",
    ),
    Check(
        "commands in URLs",
        "library/client.py",
        "if split_command(command) is None:",
        "if False:",
        "tests/unit/test_library_client.py::test_a_command_or_digest_that_is_none_sends_no_request",
    ),
    Check(
        "names in paths",
        "library/directory.py",
        "        if not is_name(name):\n            raise NotFoundError",
        "        if False:\n            raise NotFoundError",
        "tests/unit/test_library_directory.py::test_a_name_that_is_none_reads_no_file",
    ),
    Check(
        "redirect, followed",
        "library/http.py",
        "follow_redirects=False",
        "follow_redirects=True",
        "tests/unit/test_library_http.py::test_a_redirect_is_an_answer_and_is_not_followed",
    ),
    Check(
        "redirect, taken for an answer",
        "library/client.py",
        "if 300 <= status < 400:",
        "if False:",
        "tests/unit/test_library_client.py::test_every_other_status_is_an_error_of_its_kind",
    ),
    Check(
        "proxies of the environment",
        "library/http.py",
        "trust_env=False",
        "trust_env=True",
        "tests/unit/test_library_http.py::test_no_proxy_is_taken_from_the_environment",
    ),
    Check(
        "content-encoding",
        "library/http.py",
        'if response.headers.get("content-encoding", "identity") != "identity":',
        "if False:",
        "tests/unit/test_library_http.py::test_an_encoded_body_is_refused_before_it_is_decoded",
    ),
    Check(
        "response cap",
        "library/http.py",
        "if total > limit_bytes:",
        "if False:",
        "tests/unit/test_library_http.py::test_the_limit_is_exact",
    ),
    Check(
        "deadline",
        "library/http.py",
        "asyncio.timeout(self._deadline_seconds)",
        "asyncio.timeout(3)",
        "tests/unit/test_library_http.py::test_a_server_that_drips_is_left_at_the_deadline[body]",
    ),
    Check(
        "plain http",
        "config.py",
        'if scheme == "http" and not (insecure_loopback and host in _LOOPBACK):',
        "if False:",
        "tests/unit/test_config.py::test_plain_http_is_for_an_allowed_loopback_only",
    ),
    Check(
        "unknown settings",
        "config.py",
        "if unknown := sorted(set(table) - names):",
        "if unknown := []:",
        "tests/unit/test_config.py::test_a_mistake_is_told_with_the_file_s_name",
    ),
)
