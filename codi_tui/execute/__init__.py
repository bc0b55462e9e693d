"""Execution: verified libraries in, RunEvents out."""

from __future__ import annotations

from codi_tui.execute.module import validate_component, validate_module

__all__ = ["validate_component", "validate_module"]
