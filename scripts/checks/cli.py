"""Of the command line and of text."""

from __future__ import annotations

from checks.check import Check

CHECKS = (
    Check(
        "consent: nobody is asked in CI",
        "cli/question.py",
        'os.environ.get("CI") or not os.isatty(STDERR)',
        "not os.isatty(STDERR)",
        "tests/integration/test_grants.py::test_nobody_is_asked_in_ci",
    ),
    Check(
        "consent: where nobody sees the question",
        "cli/question.py",
        'os.environ.get("CI") or not os.isatty(STDERR)',
        'os.environ.get("CI")',
        "tests/integration/test_grants.py::test_nobody_is_asked_when_stderr_is_no_terminal",
    ),
    Check(
        "consent: what was typed before",
        "cli/question.py",
        "    termios.tcflush(terminal, termios.TCIFLUSH)\n",
        "",
        "tests/integration/test_grants.py::test_what_was_typed_before_the_question_is_no_answer",
    ),
    Check(
        "consent: the command's stdin is no answer",
        "cli/question.py",
        "line = os.read(terminal, _LINE_BYTES)",
        "line = os.read(0, _LINE_BYTES)",
        "tests/integration/test_grants.py::test_the_question_is_asked_although_stdin_and_stdout_are_pipes",
    ),
    Check(
        "sanitiser",
        "text.py",
        "_UNSAFE.sub(_visible, text)",
        "text",
        "tests/unit/test_text.py::test_no_escape_sequence_survives",
    ),
    Check(
        "text: one variation selector",
        "text.py",
        '    "|(?<=[\\ufe0e\\ufe0f])[\\ufe0e\\ufe0f]"',
        '    ""',
        "tests/unit/test_text.py::test_only_the_first_of_several_variation_selectors_passes",
    ),
    Check(
        "text: a flood in pieces",
        "text.py",
        "while end and _is_mark(shown[end - 1]):",
        "while False:",
        "tests/unit/test_text.py::test_a_flood_in_pieces_is_a_flood",
    ),
    Check(
        "text: a traceback",
        "entry.py",
        'sanitize("".join(traceback.format_exception(error)))',
        '"".join(traceback.format_exception(error))',
        "tests/terminal/test_naughty_strings.py::test_what_codi_says_of_its_own_faults",
    ),
    Check(
        "text: what codi-registry repeats",
        "registry/outcome.py",
        "return sanitize_line(line, _LINE_CHARACTERS).encode",
        "return line.encode",
        "tests/terminal/test_naughty_strings.py::test_names_of_files_and_folders",
    ),
    Check(
        "only yes is a yes",
        "cli/question.py",
        'in ("y", "yes")',
        'not in ("n", "no")',
        "tests/integration/test_auth_trust.py::TestAdd::test_anything_but_yes_changes_nothing",
    ),
    Check(
        "a question is answered on a terminal only",
        "cli/question.py",
        "if not somebody_is_there():",
        "if False:",
        "tests/integration/test_auth_trust.py::TestAdd::test_a_yes_on_stdin_is_nobodys",
    ),
    Check(
        "a script names the root that it accepts",
        "cli/auth.py",
        'if "--yes" in parsed.options:',
        "if False:",
        "tests/integration/test_auth_trust.py::TestAdd::test_a_script_names_the_root_that_it_accepts",
    ),
    Check(
        "another root than the named one is not pinned",
        "cli/auth_trust.py",
        "if fingerprint is not None and fingerprint != offer.fingerprint:",
        "if False:",
        "tests/integration/test_auth_trust.py::TestAdd::test_a_script_names_the_root_that_it_accepts",
    ),
    Check(
        "a publisher's text commands no terminal: pages",
        "cli/page.py",
        "sanitize_line(line, _LINE_CHARACTERS)",
        "line",
        "tests/integration/test_auth_trust.py::TestRefresh::test_what_changed_is_told",
    ),
    Check(
        "a time that was verified counts when documents are accepted and listed",
        "state/keeper.py",
        "self.clock.observe(await self.marks.latest())",
        "pass",
        "tests/integration/test_auth_trust.py::TestExplain::test_an_expired_trust_document",
    ),
)
