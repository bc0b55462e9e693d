"""A machine whose clock is wrong: with this folder on PYTHONPATH, Python's clock is SHIFTED_CLOCK seconds off."""

import os
import time

_SECONDS = float(os.environ.get("SHIFTED_CLOCK", "0"))
_time = time.time
time.time = lambda: _time() + _SECONDS
