"""What `codi mcp --help` says."""

from __future__ import annotations

USAGE = (
    "usage: codi mcp serve [--root DIR]… [--offline] | list [--json] | approve COMMAND [--withdraw] | "
    "install [--root DIR]…"
)
HELP = f"""Commands as tools for AI agents.

{USAGE}

  serve                serve an agent over MCP on stdin and stdout; its client starts it
        --root DIR     a folder whose files the agent may name as arguments; without one it may name none
        --offline      never open a socket
  list [--json]        what an agent would see, and what it would not
  approve COMMAND      let agents call a destructive or changed command, as it is now; asks on a terminal
        --withdraw     take that back
  install [--root DIR] print what goes into the clients' configuration

An agent can search, describe and run. It can grant, approve and trust nothing: what is refused names the command with
which a person could allow it. An approval ends when the command's schema, description, handler, annotations or its
library's permissions change. Every call is in the audit trail.

Examples:
  codi mcp list
  codi mcp approve agent.delete
  codi mcp install --root ~/project
"""
