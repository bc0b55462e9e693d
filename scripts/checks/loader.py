"""Of loading: fetched, verified, stored."""

from __future__ import annotations

from checks.check import Check

CHECKS = (
    Check(
        "digest and version against the row",
        "loader.py",
        "if library.digest != row.hash or library.version != row.version:",
        "if False:",
        "tests/unit/test_loader.py::TestTampered::test_an_older_version_s_row_under_a_newer_number_is_refused",
    ),
    Check(
        "a damaged row is dropped",
        "loader.py",
        "await self._cache.forget_library(row.id, row.version)",
        "pass",
        "tests/unit/test_loader.py::TestTampered::test_a_tampered_row_is_refused_offline_and_dropped",
    ),
    Check(
        "a row of an older schema",
        "loader.py",
        'if metadata.get("schema") != SCHEMA_VERSION:',
        "if False:",
        "tests/unit/test_loader.py::TestCache::test_a_row_of_an_older_schema_is_validated_again",
    ),
    Check(
        "offline, a command's owner",
        "loader.py",
        "if not (self._offline and source.networked)]",
        "]",
        "tests/unit/test_loader.py::TestOffline::test_an_unknown_command_offline_is_not_asked_for",
    ),
    Check(
        "offline, a module",
        "loader.py",
        "if self._offline and source.networked:\n            raise _offline",
        "if False:\n            raise _offline",
        "tests/unit/test_loader.py::TestTampered::test_a_tampered_or_missing_module_is_refused_offline",
    ),
    Check(
        "a fetched module is a module",
        "admission.py",
        "self._check_module(library.module.data, described.format)",
        "pass",
        "tests/unit/test_loader.py::TestRefused::test_a_module_that_is_none_is_not_stored",
    ),
    Check(
        "what is accepted is remembered",
        "admission.py",
        "                if not pinned:\n",
        "                if False:\n",
        "tests/trust/test_marks.py::TestRollback::test_an_older_release_is_refused_after_the_cache_was_lost",
    ),
    Check(
        "every refusal of a cached copy is written down",
        "loader.py",
        "self._trust.refused(refusal, origin=source.origin, name=name, digest=str(row.hash))",
        "pass",
        "tests/unit/test_state.py::TestPoisonedCache::test_a_poisoned_row_is_kept_as_evidence_and_fetched_again",
    ),
    Check(
        "refused rows are kept as evidence",
        "loader.py",
        "await self._trust.quarantine(row, refusal.code)",
        "pass",
        "tests/unit/test_state.py::TestPoisonedCache::test_a_poisoned_row_is_kept_as_evidence_and_fetched_again",
    ),
)
