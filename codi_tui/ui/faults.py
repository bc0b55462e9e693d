"""A fault in the workspace's own work is said, not swallowed: workers end quietly, so somebody has to look."""

from __future__ import annotations

from textual.message_pump import MessagePump
from textual.worker import Worker, WorkerState


class SaysFaults(MessagePump):
    """For whatever starts workers. The app's `say_fault` is told of each that failed."""

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            self.app.say_fault(event.worker.error)  # type: ignore[attr-defined]
