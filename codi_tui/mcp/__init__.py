"""Commands as tools for AI agents, over MCP. Nothing in here grants or approves."""
