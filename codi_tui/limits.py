"""Every bound that codi enforces, by name, with its unit in the name."""

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

# Documents
MANIFEST_MAX_BYTES = 8 * MIB
MODULE_MAX_BYTES = 32 * MIB
DOCUMENT_MAX_BYTES = MANIFEST_MAX_BYTES + MODULE_MAX_BYTES * 4 // 3 + 4
"""A manifest and its module, base64, in one file."""
JSON_MAX_DEPTH = 32
JSON_MAX_INTEGER = 2**53 - 1
JSON_MAX_VALUES = 500_000
"""Counted before parsing, by the bytes that separate and open; parsed values take many times their bytes of memory."""
COMMANDS_MAX = 2_000
DEPENDENCIES_MAX = 64
"""Libraries fetched along with one, theirs included."""
DESCRIPTION_MAX_CHARACTERS = 4 * KIB
SETTINGS_MAX_BYTES = 1 * MIB
LISTING_MAX_BYTES = 1 * MIB
"""What is rendered for the tab key of the commands that are here; the last ones are left out of more."""
ALIAS_STEPS_MAX = 16
"""Aliases that one command line may lead through."""

# Trust
CANDIDATE_KEYS_MAX = 16
CLOCK_SKEW_SECONDS = 5 * 60
CLOCK_BACK_SECONDS = 24 * 60 * 60
"""How far the system clock may lie behind the latest time that was ever verified."""
SIGNATURES_MAX = 8
"""Signatures beside one manifest."""
TRUST_MAX_BYTES = 1 * MIB
"""One trust document."""
TRUST_KEYS_MAX = 256
TRUST_ROOT_KEYS_MAX = 16
TRUST_ROOT_SIGNATURES_MAX = 32
"""A rotation of all root keys carries the signatures of the old ones and the new."""
TRUST_RULES_MAX = 1_000
TRUST_NAMES_MAX = 10_000
"""Names in `rules`, `reserved` and `min_sequence`, each."""
TRUST_CHAIN_MAX = 64
"""Trust documents taken in by one refresh."""
TRUST_FRESH_SECONDS = 60 * 60
"""A trust document or library that its server was asked about within this time is fresh."""
STALE_NOTICE_SECONDS = 7 * 24 * 60 * 60
"""A cached library that nobody asked about for so long is pointed out, once a day."""
STALE_NOTICE_EVERY_SECONDS = 24 * 60 * 60
HISTORY_DIGESTS = 64
"""Messages remembered of each library; a retired key verifies only those."""
QUARANTINE_ROWS = 32
QUARANTINE_ROW_BYTES = 1 * MIB
AUDIT_LINE_BYTES = 4 * KIB
AUDIT_FILE_BYTES = 16 * MIB
"""The trail's file; when it is full it is kept beside a new one, and the one before that goes."""
AUDIT_FINDINGS_MAX = 20
"""Findings that one look at the trail lists."""
SURFACE_MAX_BYTES = 1 * MIB
"""What is remembered of a library that was approved."""
SURFACE_TEXT_CHARACTERS = 300
"""Of a description, shown when it changes."""
QUESTION_LINES_MAX = 600
"""Permissions and differences that one question lists; a library may declare 256 permissions, and none is left out."""

# Network
ANSWER_MAX_BYTES = 1 * MIB
"""A server's answer that is neither a document nor a module."""
EXCHANGE_SECONDS = 15.0
"""The deadline of one whole HTTP exchange, headers and body included."""
REACH_SECONDS = 5.0
REACH_MAX_BYTES = 64 * KIB
"""Asking a server whether it is there."""

# A module's own requests
HTTP_SECONDS = 30.0
"""One request of a module, its redirects included."""
HTTP_REQUEST_MAX_BYTES = 16 * MIB
HTTP_RESPONSE_MAX_BYTES = 16 * MIB
HTTP_HEAD_MAX_BYTES = 64 * KIB
"""What a module says about its request: method, URL, headers."""
HTTP_HEADERS_MAX = 64
HTTP_REDIRECTS_MAX = 5
URL_MAX_CHARACTERS = 8 * KIB

# Cache
CACHE_BUSY_SECONDS = 5.0
ARTEFACT_MAX_BYTES = 512 * MIB

# The local copy
PULL_AT_ONCE = 4
"""Libraries that one pull fetches side by side."""
PULL_LIBRARIES_MAX = 10_000
"""Libraries of one server that a pull, or a look at what it offers, takes in."""
LOCK_MAX_BYTES = 4 * MIB
LOCK_LIBRARIES_MAX = 10_000
BUNDLE_MAX_BYTES = 16 * GIB
BUNDLE_INDEX_MAX_BYTES = 16 * MIB
BUNDLE_ORIGINS_MAX = 64
"""Servers whose libraries one bundle file carries."""

# Compiling
COMPILE_SECONDS = 30.0
COMPONENT_COMPILE_SECONDS = 180.0
"""A component carries its language's runtime: Python's takes 10 s of a fast core, and several times that of a busy one."""
COMPILE_MEMORY_BYTES = 2 * GIB
COMPILE_NOTICE_SECONDS = 0.5
"""Compiling that takes longer is announced."""
VALIDATE_SECONDS = 10.0
"""Checking a module of many functions takes a tenth of a second; a hostile one can be made to take minutes."""

# Running
RUN_WALL_SECONDS = 300.0
RUN_CPU_SECONDS = 120.0
"""Of the guest's own thread; one that sleeps or waits uses none."""
RUN_MEMORY_BYTES = 256 * MIB
RUN_OUTPUT_BYTES = 1 * GIB
ASKED_WALL_SECONDS_MAX = 24 * 60 * 60
ASKED_CPU_SECONDS_MAX = 24 * 60 * 60
ASKED_MEMORY_BYTES_MAX = 4 * GIB
"""All that a 32-bit memory can be."""
ASKED_OUTPUT_BYTES_MAX = 1024 * GIB
RUN_EVENTS_PER_SECOND = 2_000
RUN_EVENTS_BURST = 20_000
"""Events of a guest whose output is `events`: so many at once, and then no more than the rate for long."""
RUN_TABLES = 4
RUN_INSTANCES = 1
RUN_MEMORIES = 1
RUN_STACK_BYTES = 512 * KIB
RUN_TABLE_ELEMENTS = 10_000
RUN_COMPONENT_INSTANCES = 100
"""Core instances of one component; Python's is linked from 22."""
RUN_COMPONENT_TABLES = 16
RUN_COMPONENT_MEMORIES = 16
RUN_HOST_MEMORY_BYTES = 32 * MIB
"""What the process of a component takes for itself meanwhile: threads, buffers. It is not counted as the component's."""
RUN_OPEN_FILES = 1_024
"""Descriptors of a process that runs a guest."""
THREAD_STACK_BYTES = 16 * MIB
"""A guest may use RUN_STACK_BYTES of it; on a small thread stack a deep guest would be a crash, not a trap."""
EVENT_OUTPUT_BYTES = 64 * KIB
EVENT_LINE_BYTES = 1 * MIB
"""One line of a guest whose output is `events`."""
EVENT_MESSAGE_CHARACTERS = 4 * KIB
ARGUMENTS_MAX_BYTES = 1 * MIB
TEMPLATE_MAX_BYTES = 2 * MIB
"""What a program is given as argv, or as a stdin that was made of arguments."""
SECRET_MAX_BYTES = 64 * KIB
RUN_STAGED_FILES = 64
"""Files that a command may make beside one that it was given to write; none of them is kept."""
RENDERED_RESULT_BYTES = 1 * MIB
"""A JSON result up to this size is laid out for reading; a larger one is passed through as it is."""
COLLECTED_RESULT_BYTES = 64 * MIB
"""What `--output json` holds of a command whose output is not JSON."""

# Output in the workspace
OUTPUT_RING_LINES = 10_000
"""Lines of a run held in memory; what is older is read back from the spool."""
OUTPUT_RING_BYTES = 16 * MIB
OUTPUT_BLOCK_BYTES = 64 * KIB
"""Lines are kept, indexed and read back in blocks of about this size; of a longer line, only its start is looked at."""
OUTPUT_SPOOL_BYTES = 1 * GIB
OUTPUT_SPOOL_BLOCKS = 1_000_000
"""Bounds the spool's index (25 bytes a block) when two streams take turns line by line."""
OUTPUT_LINE_CHARACTERS = 1_000
"""Shown of a line. All of it is in the spool."""
OUTPUT_SLICE_SECONDS = 0.004
"""The longest that taking in, or searching, keeps the keyboard waiting at a time."""

# Searching
PALETTE_HITS = 50
PALETTE_SCORED = 500
"""Of the names that hold a word's letters only here and there, so many are told apart by how tight they are."""
PALETTE_SEARCHES = 16
"""Searches remembered, so that taking a letter back costs nothing."""
QUERY_CHARACTERS = 200

# The workspace
RUNS_KEPT = 20
"""Runs that are over and whose output can still be looked at."""
FIELD_CHARACTERS = 4_000
"""A longer value is not put into a field of a form: a default then stays what it is, unseen."""

# Runs on a server (docs/run-protocol.md)
RUN_CONNECT_SECONDS = 10.0
"""Opening a connection: the name, TCP, TLS and the handshake together."""
RUN_RECONNECT_SECONDS = 30.0
"""How long a run that lost its connection is tried to be taken up again without anything new."""
RUN_SILENCE_SECONDS = 15.0
"""A peer that is silent for so long is asked for a sign of life, and given as long again."""
RUN_CLOSE_SECONDS = 1.0
"""Saying goodbye, `cancel` included."""
RUN_MESSAGE_MAX_BYTES = 2 * MIB
RUN_QUEUE_FRAMES = 8
"""Frames that wait to be taken; then the socket is not read."""
RUN_CONTROL_FRAMES_MAX = 100
"""Pings and pongs within `RUN_SILENCE_SECONDS`; each ping costs an answer that waits in memory."""
RUN_TEXT_MAX_CHARACTERS = 4 * KIB
"""What is kept of a message that the server wrote for people."""
RUN_ACK_EVENTS = 64
RUN_ACK_BYTES = 1 * MIB
RUN_STDIN_WINDOW_BYTES = 1 * MIB
"""Stdin that was read and that the server has not acknowledged."""

# The log
LOG_LINE_BYTES = 4 * KIB
LOG_TEXT_CHARACTERS = 1_000
"""Of one text in a line."""
LOG_FILE_BYTES = 4 * MIB
LOG_FILES = 4
"""The one that is written, and the ones before it."""
LOG_SHOWN_MAX = 100_000
"""Lines that are shown at once."""

# The history of runs
HISTORY_DAYS = 90
HISTORY_RUNS = 100_000
HISTORY_OUTPUT_BYTES = 256 * MIB
"""Recorded output, compressed, of all runs."""
HISTORY_STEP = 64
"""Old runs that one write may look at and drop; there is always more dropped than added."""
HISTORY_ARGUMENTS_BYTES = 16 * KIB
"""Kept of a run's arguments; larger ones are left out, each for itself."""
RECORDED_OUTPUT_BYTES = 2 * MIB
"""Kept of what a run wrote: its first half and its last, with a note of what is missing between them."""
HISTORY_LISTED_MAX = 10_000

# Agents
AGENT_MAX_BYTES = 64 * KIB
"""One agent's file."""
AGENTS_MAX = 256

# Commands as tools for agents (docs/mcp.md)
MCP_OUTPUT_BYTES = 1 * MIB
"""What one call may write; a run is stopped there, and the answer says so."""
MCP_STDIN_BYTES = 8 * MIB
MCP_RUNS_MAX = 4
"""Runs at a time; further calls wait for their turn."""
MCP_SEARCH_HITS = 20
"""Unless an agent asks for another number, `PALETTE_HITS` at most."""
MCP_QUERY_WORDS = 16
"""Of a search, looked for one by one when no command has them all."""
MCP_DESCRIPTION_BYTES = 1 * KIB
"""Each text of a publisher that an agent reads."""
MCP_NAME_CHARACTERS = 64
MCP_QUESTION_LINES = 20
"""Of what a person would have been asked, in a refusal."""
MCP_PROGRESS_SECONDS = 0.1
"""Between two reports of how far a run is."""

# The library server (docs/server.md)
SERVER_CONNECTIONS_MAX = 1_000
SERVER_HEAD_BYTES = 32 * KIB
"""A request's line and headers together."""
SERVER_HEAD_SECONDS = 10.0
"""From a request's first byte to the end of its headers."""
SERVER_BODY_SECONDS = 60.0
"""Receiving what is published."""
SERVER_EXCHANGE_SECONDS = 150.0
"""From a request's headers to the end of its answer; a slower reader is cut off."""
SERVER_IDLE_SECONDS = 5
"""A connection without a request."""
SERVER_PUBLISH_SECONDS = 60.0
"""Waiting for one's turn to publish."""
SERVER_PUBLISHING_MAX = 4
"""Documents that are being received or verified at once; each is held in memory."""
SERVER_CHUNK_BYTES = 256 * KIB
SERVER_DRAIN_SECONDS = 8.0
"""What is in flight when the server is told to stop gets so long; Cloud Run kills after 10 s."""
SERVER_SCAN_SECONDS = 5.0
"""How often the laid-out files of the data folder are looked at."""
LIST_DEFAULT, LIST_MAX = 50, 200
"""Libraries on one page."""
LIST_OFFSET_MAX = 1_000_000
FILTER_MAX_CHARACTERS = 200
TOKEN_PERMISSIONS_MAX = 64
TOKEN_SECONDS_MAX = 366 * 24 * 60 * 60

# Tokens
TOKEN_MAX_CHARACTERS = 4096
"""Of one library server; codi's own are 48 long."""
TOKENS_MAX_BYTES = 1 * MIB
PUBLISH_SECONDS = 90.0
"""For a release to be sent and answered; a server waits 60 s for it."""
# Runs on the library server (docs/server.md)
SERVER_RUNS = 8
"""Guests at once, when the operator says nothing; each is a process of up to RUN_MEMORY_BYTES and some 60 MiB more."""
SERVER_RUN_SOCKETS = 256
"""WebSockets of one token at once."""
SERVER_RUNS_WAITING = 128
"""Runs of one token that wait for their turn."""
SERVER_RUNS_WAITING_BYTES = 8 * MIB
"""Their requests together."""
SERVER_RUN_EVENTS = 256
"""Events of a run that are kept until they are acknowledged; the command waits while there are more."""
SERVER_RUN_EVENT_BYTES = 2 * MIB
"""The same, in bytes; one event may lie beyond it."""
SERVER_RUN_FIRST_SECONDS = 10.0
"""From the handshake to the first message."""
SERVER_RUN_LINGER_SECONDS = 60.0
"""A run whose connection is gone waits so long for the next one, and an ended run for being taken."""
SERVER_RUN_CLOSE_SECONDS = 5.0
"""Saying goodbye to a peer that may not read any more."""
SERVER_VANISHED_SECONDS = 30
"""After so long a silence the kernel asks whether a peer is still there, three times within as long again."""
SERVER_RUN_FRAGMENTS = 4096
"""Frames of one message."""
