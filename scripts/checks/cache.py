"""Of the cache on disk."""

from __future__ import annotations

from checks.check import Check

CHECKS = (
    Check(
        "zstd limit",
        "cache/zstd.py",
        "if size > limit or frame.window_size > max(_WINDOW_MAX_BYTES, limit):",
        "if False:",
        "tests/unit/test_zstd.py::test_the_limit_is_exact",
    ),
    Check(
        "zstd trailing bytes",
        "cache/zstd.py",
        " or decompressor.unused_data",
        "",
        "tests/unit/test_zstd.py::test_bytes_behind_the_end_are_refused",
    ),
    Check(
        "cache schema",
        "cache/files.py",
        "if [sql for (sql,) in rows] != list(layout.schema[:count]):",
        "if False:",
        "tests/unit/test_cache_files.py::test_a_damaged_cache_is_moved_aside_and_a_new_one_begun",
    ),
    Check(
        "links in the cache",
        "cache/files.py",
        'if not is_kind(status.st_mode) or (os.name == "posix" and status.st_uid != os.geteuid()):',
        'if os.name == "posix" and status.st_uid != os.geteuid():',
        "tests/unit/test_cache_files.py::test_a_link_in_place_of_the_file_is_refused",
    ),
    Check(
        "owner of the cache",
        "cache/files.py",
        'if not is_kind(status.st_mode) or (os.name == "posix" and status.st_uid != os.geteuid()):',
        "if not is_kind(status.st_mode):",
        "tests/unit/test_cache_files.py::test_what_belongs_to_someone_else_is_refused",
    ),
    Check(
        "modes of the cache",
        "cache/files.py",
        "            os.chmod(path, 0o600)",
        "            pass",
        "tests/unit/test_cache_files.py::test_a_folder_and_a_file_that_others_could_enter_are_closed",
    ),
    Check(
        "entry points: a limit is a whole number",
        "cache/zstd.py",
        "if type(limit) is not int:",
        "if False:",
        "tests/property/test_entry_points.py::test_a_limit_that_is_none_or_too_low_refuses",
    ),
    Check(
        "entry points: no limit is beyond 512 MiB",
        "cache/zstd.py",
        "min(limit, ARTEFACT_MAX_BYTES)",
        "limit",
        "tests/property/test_entry_points.py::test_memory_is_bounded[stated bomb]",
    ),
)
