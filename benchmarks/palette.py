"""The palette's search, a keystroke at a time, over 10 000 and 100 000 commands.

Usage: python benchmarks/palette.py [SIZE …]     (default 10000 100000)

Queries are typed letter by letter, then taken back by three, as people do. At 10 000 the same keystrokes are also given
to Textual's own `Matcher` and to difflib, a few queries of them; only the ratios are of interest.
"""

from __future__ import annotations

import difflib
import itertools
import random
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable

from codi_tui.catalog.search import CommandIndex, IndexedCommand

BOUNDS_MS = {10_000: 5.0, 100_000: 35.0}
"""The design's, for 95 of 100 keystrokes."""
GROUPS = (
    "json csv text yaml xml deploy cluster agent prompt model billing invoice user team secret backup restore cache "
)
GROUPS += "queue topic stream metric alert trace log build test release image volume network policy audit session git"
NOUNS = "item record table column schema node service job token key page report chart branch commit file folder index"
VERBS = "list show get create update delete query format diff merge split sort filter count convert validate export "
VERBS += "import start stop restart scale drain promote rollback watch tail rotate grant revoke sync copy move rename"
TYPED = "json.query jq csv deploy rollback yaml-to backup rest invoice agent.create secret rot dplrb converts tlog zzz "
TYPED += "q xylophone team.grant cchprn models usrtkn"
PHRASES = ("json que", "create agent", "export report csv", "drain node cluster", "the second 17")


def main() -> int:
    """Print the figures; returns 1 when a bound does not hold."""
    late = False
    for size in [int(word) for word in sys.argv[1:]] or list(BOUNDS_MS):
        commands = corpus(size)
        index, built, memory = build(commands)
        prepared = timed(index.prepare)
        first = timed(lambda index=index: index.search("e"))
        times = [min(rounds) for rounds in zip(*(typing(commands) for _ in range(3)), strict=True)]
        p50, p95 = statistics.median(times), statistics.quantiles(times, n=20)[-1]
        bound = BOUNDS_MS.get(size)
        late |= bound is not None and p95 > bound
        print(
            f"{size:7,} commands: built in {built:.0f} ms, descriptions {prepared:.0f} ms, {memory:.1f} MB; first keystroke {first:.1f} ms"
        )
        print(
            f"        {len(times)} keystrokes: p50 {p50:.2f} ms, p95 {p95:.2f} ms, most {max(times):.2f} ms (bound {bound} ms)"
        )
        if size == min(BOUNDS_MS):
            compare(commands)
    return int(late)


def corpus(size: int) -> list[IndexedCommand]:
    """Commands as teams name them, each with a sentence."""
    shuffled = random.Random(1)  # noqa: S311 - a corpus, not a key
    parts = list(itertools.product(GROUPS.split(), VERBS.split(), NOUNS.split()))
    shuffled.shuffle(parts)
    commands = []
    for number in range(size):
        group, verb, noun = parts[number % len(parts)]
        suffix = f"-{number // len(parts)}" if number >= len(parts) else ""
        sentence = f"{verb.capitalize()}s the {noun} of a {group}, the {shuffled.choice(('first', 'second'))} {number}"
        uses = shuffled.randrange(40) if not number % 50 else 0
        commands.append(IndexedCommand(f"{group}.{verb}-{noun}{suffix}", sentence, f"{group}-tools", uses))
    return commands


def build(commands: list[IndexedCommand]) -> tuple[CommandIndex, float, float]:
    """An index, the milliseconds that it took, and the megabytes that it holds with its descriptions read."""
    start = time.perf_counter()
    index = CommandIndex(commands)
    built = (time.perf_counter() - start) * 1000
    tracemalloc.start()
    CommandIndex(commands).search("zzzzz")
    memory = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return index, built, memory


def keystrokes() -> list[str]:
    """What the query is after each key."""
    typed = []
    for query in (*TYPED.split(), *PHRASES):
        typed += [query[:end] for end in range(1, len(query) + 1)]
        typed += [query[:end] for end in range(len(query) - 1, max(0, len(query) - 4), -1)]
    return typed


def typing(commands: list[IndexedCommand]) -> list[float]:
    """Milliseconds of every keystroke, in a new index. The best of three such rounds leaves out what others cost."""
    index = CommandIndex(commands)
    index.prepare()
    return [timed(lambda query=query: index.search(query)) for query in keystrokes()]


def compare(commands: list[IndexedCommand]) -> None:
    """Ratios to what else could be used."""
    names = [command.name for command in commands]
    sample = ["j", "js", "json", "json.q", "dplrb", "agent"]
    fresh = [(CommandIndex(commands), query) for query in sample]  # an index remembers its searches
    ours = statistics.median(timed(lambda index=index, query=query: index.search(query)) for index, query in fresh)
    others: dict[str, Callable[[str], object]] = {
        "difflib.get_close_matches": lambda query: difflib.get_close_matches(query, names, 50, 0.3)
    }
    try:
        from textual.fuzzy import Matcher
    except ImportError:
        print("        textual is not installed; not compared")
    else:
        others["textual.fuzzy.Matcher"] = lambda query: sorted(map(Matcher(query).match, names))[-50:]
    for name, search in others.items():
        theirs = statistics.median(timed(lambda query=query, search=search: search(query)) for query in sample)
        print(f"        {name}: {theirs:.1f} ms a keystroke, {theirs / ours:.0f}x ours, names only")


def timed(once: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    start = time.perf_counter()
    once()
    return (time.perf_counter() - start) * 1000


if __name__ == "__main__":
    sys.exit(main())
