"""The library server. Not in this version."""
