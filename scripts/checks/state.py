"""Of what must not be forgotten, and of what was granted."""

from __future__ import annotations

from checks.check import Check

CHECKS = (
    Check(
        "grants: an unanswered question",
        "operations/grants.py",
        '"refuse" if ask is None else await ask(question)',
        '"once" if ask is None else await ask(question)',
        "tests/unit/test_grants.py::test_a_door_without_a_person_grants_nothing_and_remembers_no_grant",
    ),
    Check(
        "grants: only yes is yes",
        "operations/grants.py",
        'if answer not in ("grant", "once"):',
        'if answer == "refuse":',
        "tests/unit/test_grants.py::test_whatever_is_no_yes_is_a_no",
    ),
    Check(
        "grants: what is missing",
        "operations/grants.py",
        "return not self.missing and not self.decisive",
        "return not self.decisive",
        "tests/unit/test_grants.py::test_a_door_without_a_person_grants_nothing_and_remembers_no_grant",
    ),
    Check(
        "grants: what has changed",
        "operations/grants.py",
        "return not self.missing and not self.decisive",
        "return not self.missing",
        "tests/unit/test_grants.py::test_an_update_that_changes_a_command_stops_whatever_is_granted",
    ),
    Check(
        "grants: once approves nothing",
        "operations/grants.py",
        "    elif not review_of.decisive:\n",
        "    else:\n",
        "tests/unit/test_grants.py::test_an_update_that_changes_a_command_stops_whatever_is_granted",
    ),
    Check(
        "grants: a store that cannot be read",
        "operations/grants.py",
        'if error.code != "E_STATE" or store.exists:',
        "if False:",
        "tests/unit/test_grants.py::test_a_store_that_is_there_and_cannot_be_read_stops_the_run",
    ),
    Check(
        "grants: whose they are",
        "state/grants.py",
        '_OF_RULE = "origin = ? AND library = ? AND rule = ?"',
        "_OF_RULE = \"? != '' AND library = ? AND rule = ?\"",
        "tests/unit/test_grants.py::test_a_grant_is_of_this_origin_library_and_rule",
    ),
    Check(
        "grants: under which rule",
        "state/grants.py",
        '_OF_RULE = "origin = ? AND library = ? AND rule = ?"',
        "_OF_RULE = \"origin = ? AND library = ? AND ? != ''\"",
        "tests/unit/test_grants.py::test_a_grant_is_of_this_origin_library_and_rule",
    ),
    Check(
        "grants: only what is declared is added",
        "operations/grant_commands.py",
        "if normal(name) not in known]:",
        "if False]:",
        "tests/integration/test_grants.py::test_only_what_the_library_declares_can_be_granted",
    ),
    Check(
        "grants: the update that was seen is approved",
        "operations/grant_commands.py",
        "if digest is not None and not (",
        "if False and not (",
        "tests/integration/test_grants.py::TestUpdate::test_the_approving_command_is_for_that_update_and_no_later_one",
    ),
    Check(
        "grants: one run's are permissions",
        "operations/grants.py",
        "        _check_permissions(allow)\n",
        "        pass\n",
        "tests/unit/test_grants.py::test_what_is_allowed_for_one_run_has_to_be_declared",
    ),
    Check(
        "marks are compared when they are written",
        "state/marks.py",
        "moved = check_mark(mark, sequence=library.sequence, version=library.version, digest=library.digest)",
        "moved = True",
        "tests/unit/test_state.py::TestMarks::test_a_mark_rises_and_never_falls",
    ),
    Check(
        "marks of revoked keys are dropped",
        "state/documents.py",
        "await drop_marks(transaction, document.origin, gone)",
        "[]",
        "tests/trust/test_marks.py::TestRevocation::test_a_stolen_key_cannot_put_the_mark_out_of_reach",
    ),
    Check(
        "a clock that was set forward",
        "state/marks.py",
        "_latest(library, now if fetched else 0)",
        "_latest(library, now)",
        "tests/unit/test_state.py::TestMarks::test_the_clock_is_of_what_was_verified_or_fetched",
    ),
    Check(
        "a damaged state",
        "state/keeper.py",
        'if existed or error.code != "E_STATE":',
        "if False:",
        "tests/trust/test_marks.py::TestDamage::test_a_damaged_state_refuses_and_is_never_rebuilt[garbage]",
    ),
    Check(
        "length of a chain",
        "state/refresh.py",
        "if step == TRUST_CHAIN_MAX:",
        "if step == 3 * TRUST_CHAIN_MAX:",
        "tests/trust/test_attacks_a.py::TestRotation::test_an_endless_chain_is_cut_and_can_be_taken_up",
    ),
    Check(
        "nothing is pinned over another root",
        "state/documents.py",
        "if stored_version != (None if before is None else before.version):",
        "if False:",
        "tests/trust/test_attacks_a.py::TestFirstUse::test_another_root_is_not_pinned_over_the_first",
    ),
    Check(
        "the audit trail's owner",
        "state/audit.py",
        ' | getattr(os, "O_NOFOLLOW", 0)',
        "",
        "tests/unit/test_state.py::TestAudit::test_a_link_or_a_device_in_its_place_is_refused",
    ),
)
