"""Where everything is that codi reads and writes."""

from __future__ import annotations

import os

from codi_tui.runs.history import HISTORY_FILE
from codi_tui.runs.log import LOG_FILE
from codi_tui.runtime import RuntimeMode, bundled_folder, styles_folder
from codi_tui.settings.files import PROJECT_FILE, find_upwards
from codi_tui.state.audit import AUDIT_FILE
from codi_tui.state.database import STATE_FILE


def every_path() -> dict[str, str | None]:
    """Each path by what it is; None for a project's settings where there are none. Nothing need be there."""
    mode = RuntimeMode.detect()
    settings, data = mode.settings_path(), mode.data_folder()
    in_data = {
        "state": STATE_FILE,
        "audit": AUDIT_FILE,
        "log": LOG_FILE,
        "history": HISTORY_FILE,
        "modules": "modules",
        "runs": "runs",
        "agents": "agents",
    }
    return {
        "settings": settings,
        "project": find_upwards(PROJECT_FILE),
        "secrets": os.path.join(os.path.dirname(settings), "secrets"),
        "data": data,
        "cache": mode.cache_path(),
        **{name: os.path.join(data, file) for name, file in in_data.items()},
        "bundled": bundled_folder(),
        "styles": styles_folder(),
    }
