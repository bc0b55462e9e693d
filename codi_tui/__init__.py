"""codi: a team's commands as signed libraries, verified before every run, sandboxed, offline once loaded."""

__version__ = "0.1.0"
