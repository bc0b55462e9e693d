"""Removing what a run staged, whatever a guest made of it, and while it may still be at it."""

from __future__ import annotations

import errno
import os
import time

_SECONDS = 5.0
"""How long a guest that is stopped, and not yet ended, is raced with."""
_DEPTH = 30
"""How many folders are open at once."""
_DIRECTORY = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)


def remove_folder(folder: str) -> None:
    """Remove a folder and all that is in it; what cannot be removed stays.

    No link is followed, and however deep it is, a few descriptors are enough.
    """
    end = time.monotonic() + _SECONDS
    while _is_left(folder) and time.monotonic() < end:
        continue


def _is_left(folder: str) -> bool:
    """One pass; whether another may remove more."""
    try:
        top = os.open(folder, _DIRECTORY)
    except OSError:
        return False
    try:
        before = set(os.listdir(top))
        _remove_below(top, top, 0)
        left = set(os.listdir(top))
        if not left:
            os.rmdir(folder)
        return bool(left) and left != before
    except OSError as error:
        return error.errno == errno.ENOTEMPTY
    finally:
        os.close(top)


def _remove_below(folder: int, top: int, depth: int) -> None:
    """All that is in an open folder; what is deeper than `_DEPTH` moves to the top, for another pass."""
    for name in os.listdir(folder):
        if _is_unlinked(name, folder):
            continue
        try:
            if depth == _DEPTH:
                os.rename(name, os.urandom(8).hex(), src_dir_fd=folder, dst_dir_fd=top)
                continue
            inside = os.open(name, _DIRECTORY, dir_fd=folder)
            try:
                _remove_below(inside, top, depth + 1)
            finally:
                os.close(inside)
            os.rmdir(name, dir_fd=folder)
        except OSError:
            continue


def _is_unlinked(name: str, folder: int) -> bool:
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
