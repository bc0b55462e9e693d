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

# Trust
CANDIDATE_KEYS_MAX = 16
CLOCK_SKEW_SECONDS = 5 * 60

# Network
EXCHANGE_SECONDS = 15.0
"""The deadline of one whole HTTP exchange, headers and body included."""

# Cache
CACHE_BUSY_SECONDS = 5.0
ARTEFACT_MAX_BYTES = 512 * MIB

# Compiling
COMPILE_SECONDS = 30.0
COMPILE_MEMORY_BYTES = 2 * GIB

# Running
RUN_WALL_SECONDS = 300.0
RUN_MEMORY_BYTES = 256 * MIB
RUN_OUTPUT_BYTES = 1 * GIB
RUN_STACK_BYTES = 512 * KIB
RUN_TABLE_ELEMENTS = 10_000
THREAD_STACK_BYTES = 16 * MIB
"""A guest may use RUN_STACK_BYTES of it; on a small thread stack a deep guest would be a crash, not a trap."""
EVENT_OUTPUT_BYTES = 64 * KIB
ARGUMENTS_MAX_BYTES = 1 * MIB
RENDERED_RESULT_BYTES = 1 * MIB
"""A JSON result up to this size is laid out for reading; a larger one is passed through as it is."""
COLLECTED_RESULT_BYTES = 64 * MIB
"""What `--output json` holds of a command whose output is not JSON."""
