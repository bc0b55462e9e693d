"""The full-screen workspace: the only package that may import textual or rich. Not in this version."""
