"""Whatever a guest writes, and however it is cut: events within their limits, or a ProtocolError."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from codi_tui.errors import ProtocolError
from codi_tui.execute.guest_events import GuestEvents
from codi_tui.limits import EVENT_OUTPUT_BYTES
from codi_tui.model.events import RunEvent

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda child: st.lists(child, max_size=3) | st.dictionaries(st.text(max_size=5), child, max_size=3),
    max_leaves=8,
)
MEMBERS = ("done", "total", "message", "level", "text", "value", "seq", "run_id", "exit_status", "stream")
EVENT = st.builds(
    lambda kind, members: {"type": kind, **members},
    st.sampled_from(["progress", "log", "output", "result", "started", "completed", "failed"]),
    st.dictionaries(
        st.sampled_from(MEMBERS), JSON | st.integers(0, 9) | st.sampled_from(["info", "error"]), max_size=4
    ),
)
LINE = st.binary(max_size=40) | st.builds(lambda value: json.dumps(value).encode(), EVENT | JSON)


def read(*chunks: bytes) -> tuple[list[RunEvent], str | None]:
    """The events until the end or the refusal, and what the refusal says."""
    events: list[RunEvent] = []
    reader = GuestEvents()
    try:
        for chunk in chunks:
            events.extend(reader.feed(chunk))
        events.extend(reader.end())
    except ProtocolError as error:
        return events, error.message
    return events, None


@given(st.lists(LINE, max_size=6), st.integers(1, 50))
def test_nothing_but_the_four_events_ever_comes_out(lines: list[bytes], size: int) -> None:
    data = b"\n".join(lines)
    events, refusal = read(*(data[at : at + size] for at in range(0, len(data), size)))
    assert read(data)[1] == refusal
    for event in events:
        assert event.type in ("progress", "log", "output", "result")
        assert len(event.data) <= EVENT_OUTPUT_BYTES
        assert event.seq == 0
        json.dumps(event.to_wire(), allow_nan=False)
