"""Commands as tools for AI agents. Not in this version."""
