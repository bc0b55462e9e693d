"""`codi mcp`."""

from __future__ import annotations

from codi_tui.manual.verb import JSON, Option, Verb, Word

_ROOT = Option("--root", "a folder whose files the agent may name as arguments", value="DIR", many=True)

MCP = Verb(
    "mcp",
    "the commands as tools for agents",
    text="""
        An agent can search, describe and run. It can grant, approve and trust nothing: what is refused names the command
        with which a person could allow it. Every call is in the audit trail.
    """,
    examples=("codi mcp list", "codi mcp install"),
    verbs=(
        Verb(
            "mcp serve",
            "serve an agent over MCP on stdin and stdout; the agent's client starts it",
            options=(_ROOT, Option("--offline", "never open a socket")),
            text="""
                Without --root an agent may name no file; a relative path is below the first. It needs the extra mcp:
                pip install 'codi-tui[mcp]'.
            """,
            examples=("codi mcp serve --root ~/project",),
        ),
        Verb(
            "mcp list",
            "what an agent would see, and what it would not",
            options=(JSON,),
            examples=("codi mcp list", "codi mcp list --json | jq -r '.[] | select(.offered) | .tool'"),
        ),
        Verb(
            "mcp approve",
            "let agents call a destructive or changed command, as it is now",
            words=(Word("COMMAND", "such as agent.delete, or LIBRARY:COMMAND"),),
            options=(Option("--withdraw", "take that back"),),
            text="""
                It shows the command and asks; the answer is read from the terminal. The approval ends when the command's
                schema, description, handler or annotations change, or what its library may ask for.
            """,
            statuses=((77, "it was not approved"), (64, "there is no terminal")),
            examples=("codi mcp approve agent.delete", "codi mcp approve agent.delete --withdraw"),
        ),
        Verb(
            "mcp install",
            "print what goes into a client's configuration",
            options=(_ROOT,),
            examples=("codi mcp install", "codi mcp install --root ~/project"),
        ),
    ),
)
