"""The data and its rules: no I/O."""
