"""Of components."""

from __future__ import annotations

from checks.check import Check

TESTS = "tests/integration/test_components.py"

CHECKS = (
    Check(
        "component imports",
        "execute/component.py",
        'if not version.startswith(_VERSION) or member not in _INTERFACES.get(package, "").split():',
        "if False:",
        f"{TESTS}::test_what_is_not_on_the_list_is_refused",
    ),
    Check(
        "component imports: the clock",
        "execute/component.py",
        'permissions.require("clock")',
        "pass",
        f"{TESTS}::test_time_and_randomness_are_permissions",
    ),
    Check(
        "component imports: random numbers",
        "execute/component.py",
        'permissions.require("random")',
        "pass",
        f"{TESTS}::test_time_and_randomness_are_permissions",
    ),
    Check(
        "component: memory, while it runs",
        "execute/component.py",
        "return max(0, self._writable_bytes() - self._before_bytes - RUN_HOST_MEMORY_BYTES)",
        "return 0",
        f"{TESTS}::test_a_component_is_stopped_at_its_limit_which_is_named",
    ),
    Check(
        "component: memory and tables, at the start",
        "execute/component.py",
        "            self._limit(self._memory_bytes)\n",
        "",
        f"{TESTS}::test_a_component_is_stopped_at_its_limit_which_is_named",
    ),
    Check(
        "component: its engine is another",
        "execute/component_engine.py",
        'configuration = f"{CONFIGURATION};component"',
        "configuration = CONFIGURATION",
        f"{TESTS}::test_no_artefact_passes_from_one_engine_to_the_other",
    ),
    Check(
        "component: no module",
        "execute/module.py",
        "if data[:8] == _MAGIC + _MODULE:",
        "if False:",
        f"{TESTS}::test_a_module_is_no_component_and_a_component_no_module",
    ),
    Check(
        "component: nothing else",
        "execute/module.py",
        "if data[:8] != _MAGIC + _COMPONENT:",
        "if False:",
        f"{TESTS}::test_a_module_is_no_component_and_a_component_no_module",
    ),
    Check(
        "component: compiling ends with whoever wants it",
        "execute/compile.py",
        "            self._child.kill()\n",
        "            pass\n",
        f"{TESTS}::test_a_compilation_that_nobody_waits_for_is_killed",
    ),
)
