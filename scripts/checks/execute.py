"""Of the sandbox, handlers and runs on a server."""

from __future__ import annotations

from checks.check import Check

CHECKS = (
    Check(
        "imports",
        "execute/wasm.py",
        'if name == item or name.startswith("sock_"):',
        "if False:",
        "tests/trust/test_policy.py::test_an_import_that_no_command_is_given_is_refused",
    ),
    Check(
        "imports, before a run",
        "execute/wasm.py",
        "        check(artefact.imports, invocation.permissions)",
        "        pass",
        "tests/integration/test_limits.py::test_an_undeclared_import_is_refused_before_anything_runs",
    ),
    Check(
        "permission of an import",
        "execute/wasm.py",
        "permissions.require(_PERMISSION_OF_IMPORT[name])",
        "pass",
        "tests/trust/test_policy.py::test_clock_and_random_are_permissions",
    ),
    Check(
        "permission of a local function",
        "execute/local.py",
        'invocation.permissions.require(f"local:{name}")',
        "pass",
        "tests/trust/test_fallback.py::test_a_refusal_in_the_fallback_ends_the_run",
    ),
    Check(
        "guest events, only what a guest may say",
        "execute/guest_events.py",
        "if not isinstance(kind, str) or kind not in _MEMBERS:",
        "if not isinstance(kind, str):",
        "tests/execute/test_guest_events.py::test_a_line_that_is_no_event_ends_the_run",
    ),
    Check(
        "guest events, members",
        "execute/guest_events.py",
        "if not needed <= event.keys() <= allowed:",
        "if not needed <= event.keys():",
        "tests/execute/test_guest_events.py::test_a_line_that_is_no_event_ends_the_run",
    ),
    Check(
        "guest events, a line's length",
        "execute/guest_events.py",
        "if self._held_bytes > EVENT_LINE_BYTES:",
        "if False:",
        "tests/execute/test_guest_events.py::test_a_line_without_an_end_is_refused_before_it_is_held_whole",
    ),
    Check(
        "agent's name",
        "execute/agents.py",
        "if not is_name(name):\n            raise UsageError(",
        "if False:\n            raise UsageError(",
        "tests/execute/test_agents.py::test_a_name_is_never_a_path",
    ),
    Check(
        "agent's secrets",
        "execute/agents.py",
        '        _refuse_secrets(agent["metadata"])',
        "        pass",
        "tests/execute/test_agents.py::test_a_secret_is_never_kept",
    ),
    Check(
        "agent's file, no link",
        "execute/agents.py",
        'getattr(os, "O_NOFOLLOW", 0)',
        "0",
        "tests/execute/test_agents.py::test_a_link_in_an_agent_s_place_is_neither_written_nor_read_through",
    ),
    Check(
        "artefact MAC",
        "execute/artefacts.py",
        "if not hmac.compare_digest(data[: len(expected)], expected):",
        "if False:",
        "tests/execute/test_artefacts.py::test_every_changed_byte_makes_it_absent",
    ),
    Check(
        "artefact MAC, the module",
        "execute/artefacts.py",
        "for part in (self._identity, module_digest.encode()):",
        "for part in (self._identity,):",
        "tests/execute/test_artefacts.py::test_an_artefact_of_another_module_does_not_stand_in",
    ),
    Check(
        "fallback only when unavailable",
        "execute/executor.py",
        "except UnavailableError as error:",
        "except CodiError as error:",
        "tests/trust/test_fallback.py::test_no_fallback_serves_after_a_refusal",
    ),
    Check(
        "no fallback half-way",
        "execute/executor.py",
        " or begun:",
        ":",
        "tests/trust/test_fallback.py::test_no_fallback_serves_after_the_handler_has_done_something",
    ),
    Check(
        "worker's digest",
        "execute/worker.py",
        'if library.digest != request["digest"]:',
        "if False:",
        "tests/integration/test_worker.py::test_the_worker_refuses_another_library_than_it_was_told",
    ),
    Check(
        "entry points: a module is bytes",
        "execute/module.py",
        "if not isinstance(data, bytes):",
        "if False:",
        "tests/property/test_entry_points.py::test_what_is_no_bytes_is_refused_by_each",
    ),
    Check(
        "entry points: a large module is checked where it can be killed",
        "execute/module.py",
        "if len(data) > _CHECKED_HERE_BYTES:",
        "if False:",
        "tests/property/test_entry_points.py::test_a_module_whose_check_takes_minutes_is_given_up",
    ),
)
