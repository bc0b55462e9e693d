"""Of the door for agents."""

from __future__ import annotations

from checks.check import Check

_MCP = "tests/integration/test_mcp.py::"
_REFUSED = f"{_MCP}test_what_an_agent_may_not_is_refused_with_what_a_person_could_do"
_APPROVAL = f"{_MCP}test_an_approval_is_of_one_tool_and_ends_with_it"
_FOUND = f"{_MCP}test_an_agent_finds_reads_and_runs_and_opens_no_socket_on_the_way"
_STREAM = f"{_MCP}test_every_byte_of_stdout_is_the_protocol_s"
_SECRET = f"{_MCP}test_no_secret_of_the_host_is_in_any_answer"

CHECKS = (
    Check(
        "agents: a destructive command is approved first",
        "operations/agent_tools.py",
        'elif definition.annotations.get("destructive") and not await _is_approved(core, library, definition):',
        "elif False:",
        _REFUSED,
    ),
    Check(
        "agents: a changed command is approved first",
        "operations/agent_tools.py",
        "    if review_of.decisive:",
        "    if False:",
        _APPROVAL,
    ),
    Check(
        "agents: an approval is of a tool as it was",
        "operations/agent_tools.py",
        "return approved == tool_digest(library, definition)",
        "return approved is not None",
        _APPROVAL,
    ),
    Check(
        "agents: what is not approved is not found",
        "operations/agent_tools.py",
        "if isinstance(made, CodiError) or made.refusal is not None:",
        "if isinstance(made, CodiError):",
        _FOUND,
    ),
    Check(
        "agents: an approval is of the handler too",
        "operations/agent_tools.py",
        '        "handler": definition.handler.document,\n',
        "",
        "tests/unit/test_agent_tools.py::test_an_approval_is_of_words_schema_handler_annotations_and_permissions",
    ),
    Check(
        "agents: tool names are bounded",
        "operations/agent_tools.py",
        "if len(name) <= MCP_NAME_CHARACTERS:",
        "if True:",
        "tests/unit/test_agent_tools.py::test_every_command_has_one_name_that_every_agent_takes",
    ),
    Check(
        "agents: descriptions are made safe",
        "operations/agent_tools.py",
        'return sanitize(" ".join(text.split()))',
        'return " ".join(text.split())',
        _FOUND,
    ),
    Check(
        "agents: descriptions are bounded",
        "operations/agent_tools.py",
        "if len(data) <= MCP_DESCRIPTION_BYTES:",
        "if True:",
        _FOUND,
    ),
    Check(
        "agents: a person approves on a terminal",
        "cli/mcp.py",
        'if not confirm(f"codi: let agents call {path}, as it is now?", otherwise=f"codi mcp approve {path}, on a terminal"):',
        "if False:",
        _APPROVAL,
    ),
    Check(
        "agents: a path is in a folder that was opened to them",
        "mcp/roots.py",
        "if any(is_below(real, folder) for folder in self._folders):",
        "if True:",
        _REFUSED,
    ),
    Check(
        "agents: a path is looked at where it leads",
        "mcp/roots.py",
        "real = os.path.realpath(os.path.join(*self._folders[:1], path) if self._folders else path)",
        "real = os.path.abspath(os.path.join(*self._folders[:1], path) if self._folders else path)",
        _REFUSED,
    ),
    Check(
        "agents: a tool that needs a person is not run",
        "mcp/calls.py",
        "        tool = await self._catalog.take(command)\n        if tool.refusal is not None:\n            raise tool.refusal\n",
        "        tool = await self._catalog.take(command)\n",
        _REFUSED,
    ),
    Check(
        "agents: every call is in the trail",
        "mcp/calls.py",
        'self._tell("agent_call", call=call, client=client, tool=name, asked=_asked(arguments))',
        "pass",
        _REFUSED,
    ),
    Check(
        "agents: output has a limit of its own",
        "mcp/calls.py",
        "output_bytes=MCP_OUTPUT_BYTES",
        "output_bytes=2 * MCP_OUTPUT_BYTES",
        _STREAM,
    ),
    Check(
        "agents: nothing but the protocol is on stdout",
        "mcp/server.py",
        "async with stdio_server() as (reads, writes):",
        'async with stdio_server(stdout=__import__("anyio").wrap_file(__import__("sys").stdout)) as (reads, writes):',
        _STREAM,
    ),
    Check(
        "agents: what a guest was given in confidence is known",
        "operations/executors.py",
        "                core.redactor.learn(value)",
        "                pass",
        _SECRET,
    ),
    Check(
        "agents: answers are without secrets",
        "mcp/answer.py",
        "            text = text.replace(secret, HIDDEN)",
        "            pass",
        _SECRET,
    ),
    Check(
        "agents: answers hide nothing and colour nothing",
        "mcp/answer.py",
        "        return sanitize(text)",
        "        return text",
        f"{_MCP}test_progress_is_followed_and_a_result_is_typed",
    ),
    Check(
        "agents: progress rises",
        "mcp/progress.py",
        "if done is None or done <= self._told:",
        "if done is None:",
        "tests/unit/test_mcp_progress.py::test_what_does_not_rise_is_not_told_and_the_last_is",
    ),
)
