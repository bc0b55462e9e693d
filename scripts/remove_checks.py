"""Take each check out of a copy of the tree, and see that a named test misses it.

Every row names a file, the exact text of one check, what stands there without it, and the test that has to fail then.
A text that is not found exactly once is an error: the table follows the code. Prints one line a row; exits with 1 if a
check could be removed unseen.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("codi_tui", "tests", "libraries", "pyproject.toml")
SECONDS = 60
WORKERS = 2
GUARD = """
import pathlib, codi_tui
def pytest_configure(config):
    here = pathlib.Path(__file__).resolve().parent
    assert pathlib.Path(codi_tui.__file__).resolve().is_relative_to(here), "the copy is not what is imported"
"""


class Check(NamedTuple):
    """One check, and the test that misses it."""

    name: str
    file: str
    text: str
    without: str
    test: str


VALIDATOR = "trust/validator.py"
CANONICAL = "trust/canonical.py"
ENVELOPE = "trust/envelope.py"
KEYRING = "trust/keyring.py"
SIGNATURE = "trust/signature.py"
LOADER = "loader.py"
T_VALIDATOR = "tests/trust/test_validator.py::"
T_CANONICAL = "tests/trust/test_canonical.py::"
T_ENVELOPE = "tests/trust/test_envelope.py::"
T_KEYRING = "tests/trust/test_keyring.py::"
T_SIGNATURE = "tests/trust/test_signature.py::"
T_SCHEMA = "tests/trust/test_schema.py::"
T_POLICY = "tests/trust/test_policy.py::"
T_FALLBACK = "tests/trust/test_fallback.py::"
T_LOADER = "tests/unit/test_loader.py::"
T_FILES = "tests/unit/test_cache_files.py::"
T_ZSTD = "tests/unit/test_zstd.py::"
T_HTTP = "tests/unit/test_library_http.py::"
T_CLIENT = "tests/unit/test_library_client.py::"
T_CONFIG = "tests/unit/test_config.py::"
T_ARTEFACTS = "tests/execute/test_artefacts.py::"

CHECKS = (
    Check(
        "signature",
        VALIDATOR,
        "if await self._check(key.public_key, message, raw):",
        "if True:",
        T_VALIDATOR + "TestSignature::test_a_document_that_names_a_trusted_key_and_is_signed_by_another_is_refused",
    ),
    Check(
        "signature, in the library's own words",
        SIGNATURE,
        "return bool(lib.crypto_sign_open(opened, ffi.NULL, signed, len(signed), public_key) == 0)",
        "return True",
        T_SIGNATURE + "test_a_malleated_signature_does_not_hold",
    ),
    Check(
        "one spelling of a signature",
        SIGNATURE,
        " and _HEX.issuperset(text)",
        "",
        T_SIGNATURE + "test_a_signature_has_one_spelling",
    ),
    Check(
        "small-order keys",
        SIGNATURE,
        "return y < _P and y not in _SMALL_ORDER_Y",
        "return y < _P",
        T_SIGNATURE + "test_a_small_order_key_is_refused_when_it_is_loaded",
    ),
    Check(
        "non-canonical keys",
        SIGNATURE,
        "return y < _P and y not in _SMALL_ORDER_Y",
        "return y not in _SMALL_ORDER_Y",
        T_SIGNATURE + "test_every_non_canonical_encoding_of_a_key_is_refused",
    ),
    Check(
        "weak keys in a keyring",
        SIGNATURE,
        "if not is_sound_key(key):",
        "if False:",
        T_SIGNATURE + "test_a_keyring_takes_no_weak_key",
    ),
    Check(
        "key scope",
        KEYRING,
        "covering = [key for key in keys if closest and key.reach(name) == closest]",
        "covering = keys",
        T_KEYRING + "test_a_key_outside_its_scope_is_refused_although_it_is_trusted",
    ),
    Check(
        "the closest scope wins",
        KEYRING,
        "if closest and key.reach(name) == closest]",
        "if key.reach(name)]",
        T_KEYRING + "test_a_wide_key_cannot_sign_a_name_that_another_key_has_exactly",
    ),
    Check(
        "a scope's pattern",
        KEYRING,
        'if pattern != "*" and not is_name(pattern.removesuffix("-*")):',
        "if False:",
        T_KEYRING + "test_a_pattern_is_a_name_a_prefix_or_a_star",
    ),
    Check(
        "candidate keys",
        KEYRING,
        "if len(chosen) > CANDIDATE_KEYS_MAX:",
        "if False:",
        T_KEYRING + "test_more_candidate_keys_than_the_bound_are_refused",
    ),
    Check(
        "the name that is asked for",
        VALIDATOR,
        "if not is_name(name):",
        "if False:",
        T_KEYRING + "test_a_look_alike_name_is_refused_even_when_it_is_signed_and_stored",
    ),
    Check(
        "name",
        VALIDATOR,
        'if claims.get("name") != name:',
        "if False:",
        T_VALIDATOR + "TestNameAndRegistry::test_a_library_served_under_another_name_is_refused",
    ),
    Check(
        "registry",
        VALIDATOR,
        'if claims.get("registry", library.origin) != library.origin:',
        "if False:",
        T_VALIDATOR + "TestNameAndRegistry::test_a_library_signed_for_another_registry_is_refused",
    ),
    Check(
        "the key that a document names",
        VALIDATOR,
        'elif claims.get("key_id") != library.key_id:',
        "elif False:",
        T_VALIDATOR
        + "TestSignature::test_a_message_whose_named_key_is_not_the_one_that_signed_it_is_refused_when_stored",
    ),
    Check(
        "type",
        ENVELOPE,
        'if document.get("type", MANIFEST_TYPE) != MANIFEST_TYPE:',
        "if False:",
        T_ENVELOPE + "test_another_type_of_document_is_refused_even_when_it_is_signed",
    ),
    Check(
        "accept_v0",
        VALIDATOR,
        "            self._check_v0(library, name)\n",
        "            pass\n",
        T_VALIDATOR + "TestV0::test_a_v0_document_is_refused_by_default",
    ),
    Check(
        "sequence",
        VALIDATOR,
        'if "type" in document and not _is_whole_number(claims.get("sequence")):',
        "if False:",
        T_VALIDATOR + "test_a_v1_document_without_a_sound_sequence_is_refused",
    ),
    Check(
        "time of issue, malformed",
        VALIDATOR,
        "if not is_time(issued_at):",
        "if False:",
        T_VALIDATOR + "TestTimes::test_a_malformed_time_of_issue_is_refused",
    ),
    Check(
        "time of issue, in the future",
        VALIDATOR,
        "if str(issued_at) > timestamp(self._now() + CLOCK_SKEW_SECONDS):",
        "if False:",
        T_VALIDATOR + "TestTimes::test_a_library_issued_in_the_future_is_refused",
    ),
    Check(
        "end, malformed or before the beginning",
        VALIDATOR,
        'if expires_at is not None and not (is_time(expires_at) and str(expires_at) > str(issued_at or "")):',
        "if False:",
        T_VALIDATOR + "TestTimes::test_an_end_before_the_beginning_is_refused",
    ),
    Check(
        "end",
        VALIDATOR,
        "if expires_at is not None and str(expires_at) <= timestamp(self._now()):",
        "if False:",
        T_VALIDATOR + "TestTimes::test_a_library_expires_to_the_second",
    ),
    Check(
        "digest of the module",
        VALIDATOR,
        "if digest != library.module_digest:",
        "if False:",
        T_VALIDATOR + "TestModule::test_every_flipped_byte_of_a_module_is_refused",
    ),
    Check(
        "size of the module",
        VALIDATOR,
        "if data is not None and len(data) != library.module_bytes:",
        "if False:",
        T_VALIDATOR + "TestModule::test_a_signed_size_that_is_not_the_modules_is_refused",
    ),
    Check(
        "a promised module and its digest",
        VALIDATOR,
        'if (promised is None) == ("wasm_module" in document):',
        "if False:",
        T_VALIDATOR + "TestModule::test_a_signed_digest_and_a_module_part_go_together",
    ),
    Check(
        "the schema, after the signature",
        VALIDATOR,
        "validate_manifest(envelope.document, library=name)",
        "pass",
        T_SCHEMA + "test_a_signed_manifest_is_held_to_the_schema",
    ),
    Check(
        "who makes a library",
        VALIDATOR,
        'if maker is not _MAKER:\n            raise TypeError("only SecurityValidator makes a CommandLibrary")',
        "pass",
        T_VALIDATOR + "TestMakers::test_a_verified_library_cannot_be_made_elsewhere",
    ),
    Check(
        "who makes a module",
        VALIDATOR,
        'if maker is not _MAKER:\n            raise TypeError("only SecurityValidator makes a VerifiedModule")',
        "pass",
        T_VALIDATOR + "TestMakers::test_a_verified_module_cannot_be_made_elsewhere",
    ),
    Check(
        "header",
        ENVELOPE,
        "if header is not None and header != signature:",
        "if False:",
        T_ENVELOPE + "test_a_header_equals_the_signature_in_the_document",
    ),
    Check(
        "size of a document",
        ENVELOPE,
        "if len(data) > DOCUMENT_MAX_BYTES:",
        "if False:",
        T_ENVELOPE + "test_a_document_beyond_its_limit_is_refused_before_it_is_parsed",
    ),
    Check(
        "base64, encoded again",
        ENVELOPE,
        "if binascii.b2a_base64(data, newline=False).decode() != text:",
        "if False:",
        T_ENVELOPE + "test_spare_bits_that_decode_alike_are_refused",
    ),
    Check(
        "members that occur twice",
        CANONICAL,
        "if len(members) != len(pairs):",
        "if False:",
        T_CANONICAL + "test_a_member_name_that_occurs_twice_is_refused",
    ),
    Check(
        "floats",
        CANONICAL,
        "parse_float=_no_float",
        "parse_float=float",
        T_CANONICAL + "test_a_float_in_a_signed_document_is_refused",
    ),
    Check(
        "bound of integers",
        CANONICAL,
        "if len(text) > 17 or abs(value := int(text)) > JSON_MAX_INTEGER:",
        "if (value := int(text)) is None:",
        T_CANONICAL + "test_integers_pass_up_to_the_bound_and_not_beyond",
    ),
    Check(
        "negative zero",
        CANONICAL,
        'if text == "-0":',
        "if False:",
        T_CANONICAL + "test_negative_zero_in_a_signed_document_is_refused",
    ),
    Check(
        "infinities by overflow",
        CANONICAL,
        'if value in (float("inf"), float("-inf")):',
        "if False:",
        T_CANONICAL + "test_numbers_that_json_does_not_have_are_refused",
    ),
    Check(
        "depth",
        CANONICAL,
        "    if level:\n        raise DocumentError",
        "    if False:\n        raise DocumentError",
        T_CANONICAL + "test_nesting_of_33_levels_is_refused",
    ),
    Check(
        "surrogates",
        CANONICAL,
        'if b"\\\\u" in data:',
        "if False:",
        T_CANONICAL + "test_a_lone_surrogate_is_refused",
    ),
    Check(
        "ASCII names of members",
        CANONICAL,
        "if not (names.isascii() and names.isprintable()):",
        "if False:",
        T_CANONICAL + "test_a_member_name_outside_printable_ascii_is_refused",
    ),
    Check(
        "number of values",
        CANONICAL,
        'if data.count(b",") + data.count(b"[") + data.count(b"{") > JSON_MAX_VALUES:',
        "if False:",
        T_CANONICAL + "test_more_values_than_the_bound_are_refused_before_they_are_parsed",
    ),
    Check(
        "names of built-ins",
        "model/rules.py",
        "for name in sorted(set(groups) & BUILT_INS):",
        "for name in ():",
        T_SCHEMA + "test_a_command_cannot_take_the_name_of_a_built_in",
    ),
    Check(
        "number of commands",
        "model/rules.py",
        "if count > COMMANDS_MAX:",
        "if False:",
        T_SCHEMA + "test_more_groups_than_the_bound_are_refused",
    ),
    Check(
        "zstd limit",
        "cache/zstd.py",
        "if size > limit or frame.window_size > max(_WINDOW_MAX_BYTES, limit):",
        "if False:",
        T_ZSTD + "test_the_limit_is_exact",
    ),
    Check(
        "zstd trailing bytes",
        "cache/zstd.py",
        " or decompressor.unused_data",
        "",
        T_ZSTD + "test_bytes_behind_the_end_are_refused",
    ),
    Check(
        "cache schema",
        "cache/files.py",
        "if [sql for (sql,) in rows] != list(SCHEMA):",
        "if False:",
        T_FILES + "test_a_damaged_cache_is_moved_aside_and_a_new_one_begun",
    ),
    Check(
        "links in the cache",
        "cache/files.py",
        'if not is_kind(status.st_mode) or (os.name == "posix" and status.st_uid != os.geteuid()):',
        'if os.name == "posix" and status.st_uid != os.geteuid():',
        T_FILES + "test_a_link_in_place_of_the_file_is_refused",
    ),
    Check(
        "owner of the cache",
        "cache/files.py",
        'if not is_kind(status.st_mode) or (os.name == "posix" and status.st_uid != os.geteuid()):',
        "if not is_kind(status.st_mode):",
        T_FILES + "test_what_belongs_to_someone_else_is_refused",
    ),
    Check(
        "modes of the cache",
        "cache/files.py",
        "            os.chmod(path, 0o600)",
        "            pass",
        T_FILES + "test_a_folder_and_a_file_that_others_could_enter_are_closed",
    ),
    Check(
        "digest and version against the row",
        LOADER,
        "if library.digest != row.hash or library.version != row.version:",
        "if False:",
        T_LOADER + "TestTampered::test_an_older_version_s_row_under_a_newer_number_is_refused",
    ),
    Check(
        "a damaged row is dropped",
        LOADER,
        "await self._cache.forget_library(row.id, row.version)",
        "pass",
        T_LOADER + "TestTampered::test_a_tampered_row_is_refused_offline_and_dropped",
    ),
    Check(
        "a row of an older schema",
        LOADER,
        'if metadata.get("schema") != SCHEMA_VERSION:',
        "if False:",
        T_LOADER + "TestCache::test_a_row_of_an_older_schema_is_validated_again",
    ),
    Check(
        "offline, a command's owner",
        LOADER,
        "if remote and self._offline:",
        "if False:",
        T_LOADER + "TestOffline::test_an_unknown_command_offline_is_not_asked_for",
    ),
    Check(
        "offline, a module",
        LOADER,
        "if self._offline and not source.local:\n            raise _offline",
        "if False:\n            raise _offline",
        T_LOADER + "TestTampered::test_a_tampered_or_missing_module_is_refused_offline",
    ),
    Check(
        "offline, the client",
        "library/client.py",
        "if self._offline:",
        "if False:",
        T_CLIENT + "test_offline_mode_sends_nothing",
    ),
    Check(
        "a fetched module is a module",
        LOADER,
        "self._check_module(library.module.data)",
        "pass",
        T_LOADER + "TestRefused::test_a_module_that_is_none_is_not_stored",
    ),
    Check(
        "names in URLs",
        "library/client.py",
        "if not is_name(name):",
        "if False:",
        T_CLIENT + "test_a_name_that_is_none_sends_no_request",
    ),
    Check(
        "commands in URLs",
        "library/client.py",
        "if split_command(command) is None:",
        "if False:",
        T_CLIENT + "test_a_command_or_digest_that_is_none_sends_no_request",
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
        T_HTTP + "test_a_redirect_is_an_answer_and_is_not_followed",
    ),
    Check(
        "redirect, taken for an answer",
        "library/client.py",
        "if 300 <= status < 400:",
        "if False:",
        T_CLIENT + "test_every_other_status_is_an_error_of_its_kind",
    ),
    Check(
        "proxies of the environment",
        "library/http.py",
        "trust_env=False",
        "trust_env=True",
        T_HTTP + "test_no_proxy_is_taken_from_the_environment",
    ),
    Check(
        "content-encoding",
        "library/http.py",
        'if response.headers.get("content-encoding", "identity") != "identity":',
        "if False:",
        T_HTTP + "test_an_encoded_body_is_refused_before_it_is_decoded",
    ),
    Check(
        "response cap",
        "library/http.py",
        "if total > limit_bytes:",
        "if False:",
        T_HTTP + "test_the_limit_is_exact",
    ),
    Check(
        "deadline",
        "library/http.py",
        "asyncio.timeout(self._deadline_seconds)",
        "asyncio.timeout(3)",
        T_HTTP + "test_a_server_that_drips_is_left_at_the_deadline[body]",
    ),
    Check(
        "plain http",
        "config.py",
        'if scheme == "http" and not (insecure_loopback and host in _LOOPBACK):',
        "if False:",
        T_CONFIG + "test_plain_http_is_for_an_allowed_loopback_only",
    ),
    Check(
        "unknown settings",
        "config.py",
        "if unknown := sorted(set(table) - names):",
        "if unknown := []:",
        T_CONFIG + "test_a_mistake_is_told_with_the_file_s_name",
    ),
    Check(
        "imports",
        "execute/wasm.py",
        'if name == item or name.startswith("sock_"):',
        "if False:",
        T_POLICY + "test_an_import_that_no_command_is_given_is_refused",
    ),
    Check(
        "imports, before a run",
        "execute/wasm.py",
        "        check_imports(artefact.imports, invocation.permissions)",
        "        pass",
        "tests/integration/test_limits.py::test_an_undeclared_import_is_refused_before_anything_runs",
    ),
    Check(
        "permission of an import",
        "execute/wasm.py",
        "permissions.require(_PERMISSION_OF_IMPORT[name])",
        "pass",
        T_POLICY + "test_clock_and_random_are_permissions",
    ),
    Check(
        "permission, granted",
        "trust/policy.py",
        "self._declared if library.origin == BUNDLED else self._declared.intersection(granted)",
        "self._declared",
        T_POLICY + "test_a_permission_is_had_only_when_declared_and_granted",
    ),
    Check(
        "permission of a local function",
        "execute/local.py",
        'invocation.permissions.require(f"local:{name}")',
        "pass",
        T_FALLBACK + "test_a_refusal_in_the_fallback_ends_the_run",
    ),
    Check(
        "artefact MAC",
        "execute/artefacts.py",
        "if not hmac.compare_digest(data[: len(expected)], expected):",
        "if False:",
        T_ARTEFACTS + "test_every_changed_byte_makes_it_absent",
    ),
    Check(
        "artefact MAC, the module",
        "execute/artefacts.py",
        "for part in (self._identity, module_digest.encode()):",
        "for part in (self._identity,):",
        T_ARTEFACTS + "test_an_artefact_of_another_module_does_not_stand_in",
    ),
    Check(
        "fallback only when unavailable",
        "execute/executor.py",
        "except UnavailableError as error:",
        "except CodiError as error:",
        T_FALLBACK + "test_no_fallback_serves_after_a_refusal",
    ),
    Check(
        "no fallback half-way",
        "execute/executor.py",
        " or begun:",
        ":",
        T_FALLBACK + "test_no_fallback_serves_after_the_handler_has_done_something",
    ),
    Check(
        "path default",
        "model/arguments.py",
        'if kind == "path" and default not in (None, "-"):',
        "if False:",
        T_SCHEMA + "test_a_publisher_cannot_name_a_path_in_the_users_stead",
    ),
    Check(
        "path default, second wall",
        "model/arguments.py",
        " and not _confers(item)",
        "",
        "tests/unit/test_arguments.py::test_a_default_never_confers_a_path",
    ),
    Check(
        "worker's digest",
        "execute/worker.py",
        'if library.digest != request["digest"]:',
        "if False:",
        "tests/integration/test_worker.py::test_the_worker_refuses_another_library_than_it_was_told",
    ),
    Check(
        "sanitiser",
        "text.py",
        "_UNSAFE.sub(_visible, text)",
        "text",
        "tests/unit/test_text.py::test_no_escape_sequence_survives",
    ),
)


def main() -> int:
    """Run the table; 1 when a check could be removed unseen."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="codi-remove-checks-") as folder, ThreadPoolExecutor(WORKERS) as pool:
        copies = [_copy(Path(folder, str(number))) for number in range(WORKERS)]
        for check in CHECKS:
            _removed(copies[0], check)
        status, output = _tests(copies[0], sorted({check.test for check in CHECKS}))
        if status != 0:
            print(output)
            print("the tests do not pass with every check in place")
            return 1
        shares = [CHECKS[number::WORKERS] for number in range(WORKERS)]
        missed = sum(pool.map(_count_missed, copies, shares))
    print(f"{missed} of {len(CHECKS)} checks are missed, {time.monotonic() - began:.0f} s")
    return 0 if missed == len(CHECKS) else 1


def _copy(target: Path) -> Path:
    """A copy of the tree without compiled files, for one worker."""
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        else:
            shutil.copy(ROOT / name, target / name)
    (target / "remove_checks_guard.py").write_text(GUARD)
    return target


def _count_missed(copy: Path, checks: Sequence[Check]) -> int:
    return sum(_is_missed(copy, check) for check in checks)


def _removed(copy: Path, check: Check) -> str:
    """The file's text without the check."""
    text = (copy / "codi_tui" / check.file).read_text()
    found = text.count(check.text)
    if found != 1:
        raise SystemExit(f"{check.name}: found {found} times in {check.file}: {check.text}")
    changed = text.replace(check.text, check.without)
    compile(changed, check.file, "exec")
    return changed


def _is_missed(copy: Path, check: Check) -> bool:
    path = copy / "codi_tui" / check.file
    original = path.read_text()
    path.write_text(_removed(copy, check))
    try:
        status, output = _tests(copy, [check.test])
    finally:
        path.write_text(original)
    missed = status == 1  # tests failed; anything else is an accident of pytest's, not a finding
    print(
        f"{'missed' if missed else 'UNSEEN'}  {check.name}: {check.file}, {check.test.rpartition('::')[2]}", flush=True
    )
    if not missed:
        print(output)
    return missed


def _tests(copy: Path, tests: list[str]) -> tuple[int, str]:
    vectors = os.environ.get("CODI_VECTORS") or str(ROOT.parent / "shared/vectors")
    environment = {
        **os.environ,
        "PYTHONPATH": str(copy),
        "PYTHONDONTWRITEBYTECODE": "1",
        **({"CODI_VECTORS": vectors} if Path(vectors).is_dir() else {}),
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "remove_checks_guard", *tests],
        cwd=copy,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS * max(1, len(tests) // 10),
        check=False,
    )
    return done.returncode, done.stdout


if __name__ == "__main__":
    sys.exit(main())
