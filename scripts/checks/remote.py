"""Of commands that run on the library server: whose a run is, what it may do, and what a client can cost."""

from __future__ import annotations

from checks.check import Check

_RUNS = "tests/server/test_runs.py"
_PEERS = "tests/server/test_run_peers.py"
_PARTS = "tests/server/test_run_turns.py"
_DRAIN = "tests/server/test_run_drain.py"

CHECKS = (
    Check(
        "remote run, permission at the handshake",
        "server/run_door.py",
        "if not rights.patterns(RUN):",
        "if False:",
        f"{_RUNS}::test_a_handshake_wants_a_token_that_may_run[library:*-403]",
    ),
    Check(
        "remote run, permission for the library",
        "server/run_door.py",
        'if not rights.allow(RUN, request.members["library"]):',
        "if False:",
        f"{_RUNS}::test_a_token_runs_what_it_may",
    ),
    Check(
        "remote run, whose it is",
        "server/runs.py",
        "run = self._runs.get((token, run_id))",
        "run = next((run for key, run in self._runs.items() if key[1] == run_id), None)",
        f"{_PEERS}::test_another_s_run_is_not_there",
    ),
    Check(
        "remote run, once",
        "server/runs.py",
        "if key in self._runs:",
        "if False:",
        f"{_PEERS}::test_a_run_is_begun_once",
    ),
    Check(
        "remote run, the release by its digest",
        "server/run_offer.py",
        "if row[0] != digest:",
        "if False:",
        f"{_RUNS}::test_only_the_very_release_that_is_named_is_run[members2-another release]",
    ),
    Check(
        "remote run, nothing of codi's own functions",
        "server/run_offer.py",
        'handler.handler_type != "wasm"',
        'handler.handler_type == "websocket"',
        f"{_RUNS}::test_only_the_very_release_that_is_named_is_run[members4-no module that a server could run]",
    ),
    Check(
        "remote run, arguments",
        "server/run_offer.py",
        "if problems := check_values(schema, invocation.arguments):",
        "if problems := None:",
        f"{_RUNS}::test_arguments_are_checked_again[arguments1-must be a list]",
    ),
    Check(
        "remote run, no path",
        "server/run_offer.py",
        "    refuse_paths(invocation.definition, invocation.arguments)",
        "    pass",
        f"{_RUNS}::test_arguments_are_checked_again[arguments0-is a path]",
    ),
    Check(
        "remote run, what the operator granted",
        "server/run_offer.py",
        "Permissions(library, path, self._grants.get(name, ()))",
        "Permissions(library, path, library.manifest.permissions)",
        f"{_RUNS}::test_a_guest_gets_nothing_that_was_not_granted",
    ),
    Check(
        "remote run, events that are kept",
        "server/run_events.py",
        "len(self._kept) < SERVER_RUN_EVENTS and self._bytes < SERVER_RUN_EVENT_BYTES",
        "self._bytes < SERVER_RUN_EVENT_BYTES",
        f"{_PARTS}::test_a_full_buffer_lets_the_guest_wait[1-256]",
    ),
    Check(
        "remote run, bytes that are kept",
        "server/run_events.py",
        "len(self._kept) < SERVER_RUN_EVENTS and self._bytes < SERVER_RUN_EVENT_BYTES",
        "len(self._kept) < SERVER_RUN_EVENTS",
        f"{_PARTS}::test_a_full_buffer_lets_the_guest_wait[65536-32]",
    ),
    Check(
        "remote run, acknowledging what was sent",
        "server/run_events.py",
        "if seq > self._sent:",
        "if False:",
        f"{_PEERS}::test_what_was_never_sent_is_not_taken_up_from[2]",
    ),
    Check(
        "remote run, taking up what is kept",
        "server/run_events.py",
        "if after < self.acknowledged:",
        "if False:",
        f"{_PARTS}::test_only_what_was_sent_can_be_acknowledged_and_only_what_is_kept_taken_up",
    ),
    Check(
        "remote run, the size of an event",
        "server/run_events.py",
        "if len(message) > RUN_MESSAGE_MAX_BYTES:",
        "if False:",
        f"{_PARTS}::test_a_result_larger_than_a_message_ends_the_run",
    ),
    Check(
        "remote run, stdin in order",
        "server/run_input.py",
        "if offset != received or (self._ended and not end):",
        "if False:",
        f"{_PARTS}::test_stdin_comes_once_and_in_order_and_no_faster_than_it_is_taken",
    ),
    Check(
        "remote run, stdin within its window",
        "server/run_input.py",
        "if received + len(data) - self._acknowledged > RUN_STDIN_WINDOW_BYTES:",
        "if False:",
        f"{_PARTS}::test_stdin_comes_once_and_in_order_and_no_faster_than_it_is_taken",
    ),
    Check(
        "remote run, half of the places",
        "server/run_turns.py",
        "next((name for name in self._queues if self._held[name] < self._each), None)",
        "next(iter(self._queues), None)",
        f"{_PARTS}::test_one_caller_leaves_half_of_the_places_to_others",
    ),
    Check(
        "remote run, those who wait",
        "server/runs.py",
        "_counted(self._waiting, token, 1, SERVER_RUNS_WAITING)",
        "_counted(self._waiting, token, 1, 10**9)",
        f"{_PEERS}::test_a_flood_of_runs",
    ),
    Check(
        "remote run, the requests of those who wait",
        "server/runs.py",
        "_counted(self._waiting_bytes, token, size, SERVER_RUNS_WAITING_BYTES)",
        "_counted(self._waiting_bytes, token, size, 10**12)",
        f"{_PEERS}::test_a_flood_of_large_requests",
    ),
    Check(
        "remote run, connections of a token",
        "server/runs.py",
        "_counted(self._sockets, token, 1, SERVER_RUN_SOCKETS)",
        "_counted(self._sockets, token, 1, 10**9)",
        f"{_PEERS}::test_a_flood_of_connections",
    ),
    Check(
        "remote run, the first message in time",
        "server/run_door.py",
        "async with asyncio.timeout(SERVER_RUN_FIRST_SECONDS):",
        "async with asyncio.timeout(1000):",
        f"{_PEERS}::test_nothing_is_asked_for",
    ),
    Check(
        "remote run, pings",
        "server/sockets.py",
        "if self._pings > RUN_CONTROL_FRAMES_MAX:",
        "if False:",
        f"{_PEERS}::test_a_flood_of_pings",
    ),
    Check(
        "remote run, fragments",
        "server/sockets.py",
        "if len(self.frames) >= SERVER_RUN_FRAGMENTS:",
        "if False:",
        f"{_PEERS}::test_a_message_of_very_many_frames",
    ),
    Check(
        "remote run, the clock of a guest that stands still",
        "server/run.py",
        "if clock.when() is None:",
        "if False:",
        f"{_PEERS}::test_nothing_is_acknowledged",
    ),
    Check(
        "remote run, nobody takes it up",
        "server/run.py",
        'loop.call_later(SERVER_RUN_LINGER_SECONDS, self.end, "abandoned", CLOSE_UNKNOWN)',
        'loop.call_later(1000, self.end, "abandoned", CLOSE_UNKNOWN)',
        f"{_RUNS}::test_a_run_that_nobody_takes_up_is_ended_and_forgotten",
    ),
    Check(
        "remote run, none is begun while stopping",
        "server/runs.py",
        "if self._stopping:",
        "if False:",
        f"{_DRAIN}::test_told_to_stop_it_lets_runs_end_and_begins_no_other",
    ),
    Check(
        "remote run, what does not end is ended",
        "server/runs.py",
        '            run.end("stopped", CLOSE_RESTART)',
        "            pass",
        f"{_DRAIN}::test_what_does_not_end_is_ended",
    ),
)
