"""Of what is written down: the log, the audit trail's chain, the history of runs."""

from __future__ import annotations

from checks.check import Check

_CHAIN = "tests/unit/test_audit_chain.py"
_DONE = f"{_CHAIN}::test_whatever_is_done_to_its_lines_is_found"
_REDACT = "tests/unit/test_redact.py"
_HISTORY = "tests/unit/test_history.py"

CHECKS = (
    Check(
        "audit: what an entry follows",
        "state/audit_check.py",
        "elif prev != self._digest:",
        "elif False:",
        f"{_CHAIN}::test_every_changed_byte_is_found",
    ),
    Check(
        "audit: the end that was cut",
        "state/audit_check.py",
        "if self._seq < head.seq:",
        "if False:",
        f"{_CHAIN}::test_a_file_that_was_removed_is_found_also_after_more_was_written",
    ),
    Check(
        "audit: the last entry's hash",
        "state/audit_check.py",
        "elif self._seq == head.seq and self._digest != head.digest:",
        "elif False:",
        _DONE,
    ),
    Check("audit: entries in between", "state/audit_check.py", "if seq > self._seq + 1:", "if False:", _DONE),
    Check("audit: entries moved", "state/audit_check.py", "if seq <= self._seq:", "if False:", _DONE),
    Check("audit: entries never written", "state/audit_check.py", "if seq > self._head.seq:", "if False:", _DONE),
    Check(
        "audit: a promise is kept",
        "state/chain.py",
        "    if _tail(path, len(line)) != line:\n",
        "    if False:\n",
        f"{_CHAIN}::test_what_was_written_is_whole",
    ),
    Check(
        "audit: a promise is kept once",
        "state/chain.py",
        "    if _tail(path, len(line)) != line:\n",
        "    if True:\n",
        f"{_CHAIN}::test_a_promise_that_a_crash_left_is_kept_once",
    ),
    Check(
        "audit: secrets",
        "state/audit.py",
        "name: self._redact(value) if isinstance(value, str) else value",
        "name: value",
        f"{_CHAIN}::test_secrets_are_taken_out_of_its_facts",
    ),
    Check(
        "redaction: by value",
        "runs/redact.py",
        "text = text.replace(secret, HIDDEN)",
        "pass",
        f"{_REDACT}::test_secrets_are_known_by_shape_name_or_value",
    ),
    Check(
        "redaction: by name",
        "runs/redact.py",
        "return HIDDEN if value and is_secret_name(name) else self.text(value)",
        "return self.text(value)",
        f"{_REDACT}::test_members_are_known_by_their_names_at_any_depth",
    ),
    Check(
        "redaction: a URL's parts",
        "runs/redact.py",
        "url.sub(_without_parts, text)",
        "text",
        f"{_REDACT}::test_secrets_are_known_by_shape_name_or_value",
    ),
    Check(
        "redaction: secret arguments",
        "runs/redact.py",
        "name: HIDDEN if name in secret else self.value(value, name)",
        "name: value",
        "tests/integration/test_sessions.py::test_a_secret_is_in_nothing_that_is_written",
    ),
    Check(
        "log: through redaction",
        "runs/log.py",
        "safe = self._redactor.value(value, name)",
        "safe = value",
        f"{_REDACT}::test_a_line_is_json_private_bounded_and_without_secrets",
    ),
    Check(
        "log: private",
        "runs/log.py",
        "os.open(self.path, _FLAGS, 0o600)",
        "os.open(self.path, _FLAGS, 0o666)",
        f"{_REDACT}::test_a_line_is_json_private_bounded_and_without_secrets",
    ),
    Check(
        "log: no line without a bound",
        "runs/log.py",
        "if len(line) >= LOG_LINE_BYTES:",
        "if False:",
        f"{_REDACT}::test_a_line_is_json_private_bounded_and_without_secrets",
    ),
    Check(
        "log: no file without a bound",
        "runs/log.py",
        "if status.st_size >= LOG_FILE_BYTES:",
        "if False:",
        f"{_REDACT}::test_files_are_bounded_in_size_and_number",
    ),
    Check(
        "log: no link is followed",
        "runs/log.py",
        '_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)',
        "_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT",
        f"{_REDACT}::test_what_cannot_be_written_is_not",
    ),
    Check(
        "history: secrets in recorded output",
        "runs/output.py",
        'data = data.replace(secret, b"*" * len(secret))',
        "pass",
        f"{_HISTORY}::TestRecordedOutput::test_a_secret_is_blotted_out_also_across_chunks",
    ),
    Check(
        "history: recorded output without a bound",
        "runs/output.py",
        "while self._last_bytes > self._half:",
        "while False:",
        f"{_HISTORY}::TestRecordedOutput::test_of_too_much_the_first_and_the_last_are_kept",
    ),
    Check(
        "history: runs without a bound",
        "runs/history.py",
        "if number <= lowest or started_ms < earliest_ms:",
        "if False:",
        f"{_HISTORY}::test_the_oldest_are_forgotten_by_number_age_and_size",
    ),
    Check(
        "history: output without a bound",
        "runs/history.py",
        "    if total <= limit:\n        return total\n    oldest",
        "    if True:\n        return total\n    oldest",
        f"{_HISTORY}::test_the_oldest_are_forgotten_by_number_age_and_size",
    ),
    Check(
        "sessions: a command that comes from elsewhere now",
        "operations/sessions.py",
        "if library.origin != run.origin or library.name != run.library:",
        "if False:",
        "tests/unit/test_history.py::test_a_command_from_another_server_is_not_run_again",
    ),
    Check(
        "sessions: what a command wrote, on a terminal",
        "operations/session_export.py",
        "yield chunk, sanitize(",
        "yield chunk, str(",
        "tests/integration/test_sessions.py::test_recorded_output_in_every_form",
    ),
)
