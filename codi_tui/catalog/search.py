"""CommandIndex: finds commands while their name is typed, among a hundred thousand.

Every word of a query must match the command's name, as letters in order, or else begin a word of its description or
library. How well a word matches is a class, and nothing of a lower class can come before anything of a higher one:
so the classes are tried from the highest down, each by one pass of C-speed string tests over the entries that the
shorter query left over, and the search ends when there are enough hits. No alignment is ever enumerated.
"""

from __future__ import annotations

import heapq
import itertools
import operator
import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from codi_tui.catalog.alignment import positions_of, tightness
from codi_tui.limits import PALETTE_HITS, PALETTE_SCORED, PALETTE_SEARCHES, QUERY_CHARACTERS

EXACT, PREFIX, WHOLE_WORD, WORD_START, SUBSTRING, SUBSEQUENCE, SCATTERED, DESCRIBED = 8, 7, 6, 5, 4, 3, 2, 1
"""The classes of a match, from the best: in the name, as letters in order (SCATTERED where there are too many to say
which is tighter), in the description or library."""
_CLASS = 1000

_LETTER_BITS = 29
_ALL_LETTERS = (1 << _LETTER_BITS) - 1
_SEPARATORS = str.maketrans(dict.fromkeys("-_:/ ", "."))
_NO_WORD = re.compile(r"[\W_]")
_NO_WORD_ASCII = str.maketrans({chr(code): " " for code in range(128) if not chr(code).isalnum()})


class IndexedCommand(NamedTuple):
    """What is known of a command.

    Attributes:
        uses: how often it was run; breaks ties.
    """

    name: str
    description: str = ""
    library: str = ""
    uses: int = 0


class Hit(NamedTuple):
    """A command that was found.

    Attributes:
        command: which one, of the sequence that the index was built from.
        positions: the characters of its name that matched, to be set off.
        where: `name`, `description` or `library`: where the word was found that matched worst.
    """

    command: int
    score: int
    positions: tuple[int, ...] = ()
    where: str = "name"


class CommandIndex:
    """Built once from commands that do not change.

    Descriptions are read by the first search that needs them; `prepare` does it beforehand.
    """

    def __init__(self, commands: Sequence[IndexedCommand]) -> None:
        self._commands = commands
        names = [command.name for command in commands]
        by_use = sorted(range(len(names)), key=names.__getitem__)
        by_use.sort(key=lambda index: -commands[index].uses)
        self._order = by_use
        """The commands in the order of ties. Everywhere below an entry is a place in it, so sorted entries are in order."""
        self._names = [_folded_name(names[index]) for index in by_use]
        letters = _LettersOfWord()
        self._absent = [_ALL_LETTERS ^ letters.of(name) for name in self._names]
        self._texts: list[str] | None = None
        self._searches: OrderedDict[tuple[str, ...], _Search] = OrderedDict()

    def __len__(self) -> int:
        return len(self._commands)

    def prepare(self) -> None:
        """Read the descriptions. May run in a thread, before the first search."""
        self._described()

    def search(self, query: str, limit: int = PALETTE_HITS) -> list[Hit]:
        """The best hits, best first; ties by use, then by name. An empty query finds the most used.

        Args:
            query: words set apart by spaces, in any case.
        """
        words = tuple(_words(query))
        if not words:
            return [Hit(self._order[entry], 0) for entry in range(min(limit, len(self._order)))]
        if len(words) == 1:
            scored = self._first(self._search(words), limit)
        else:
            entries, scores = self._all(words)
            best = heapq.nlargest(limit, entries, key=scores.__getitem__)  # equal scores stay in order
            scored = [(entry, scores[entry]) for entry in best]
        return [self._hit(entry, score, words) for entry, score in scored]

    def _first(self, search: _Search, limit: int) -> list[tuple[int, int]]:
        """The best of one word: class after class, until there are enough."""
        found: list[tuple[int, int]] = []
        for kind, entries in search.classes():
            left = limit - len(found)
            if kind == SUBSEQUENCE:
                scores = self._tightness(search.word, entries)
                best = heapq.nlargest(left, scores, key=scores.__getitem__)
                found += [(entry, scores[entry]) for entry in best]
            else:
                found += [(entry, kind * _CLASS) for entry in entries[:left]]
            if len(found) >= limit:
                break
        return found

    def _tightness(self, word: str, entries: list[int]) -> dict[int, int]:
        names, letters = self._names, word.translate(_SEPARATORS)
        return {entry: SUBSEQUENCE * _CLASS + tightness(letters, names[entry]) for entry in entries}

    def _all(self, words: tuple[str, ...]) -> tuple[list[int], list[int]]:
        """The entries that every word matches, in order, and for each entry there is the sum of their scores."""
        search = self._search(words)
        if search.all is None:
            before = self._all(words[:-1])[1] if len(words) > 1 else [0] * len(self._names)
            scores = before.copy()
            for kind, entries in search.classes():
                tight = self._tightness(search.word, entries) if kind == SUBSEQUENCE else {}
                for entry in entries:
                    scores[entry] += tight.get(entry, kind * _CLASS)
            search.all = sorted(itertools.chain(*(entries for _, entries in search.classes()))), scores
        return search.all

    def _search(self, words: tuple[str, ...]) -> _Search:
        """The search for the last word among what the words before it found; remembered."""
        search = self._searches.pop(words, None)
        if search is None:
            shorter = self._searches.get((*words[:-1], words[-1][:-1]))
            if shorter is None:
                among = self._all(words[:-1])[0] if len(words) > 1 else range(len(self._names))
                shorter = _Search(self._names, self._absent, self._described, "", among, among)
            search = shorter.narrowed(words[-1])
        self._searches[words] = search
        while len(self._searches) > PALETTE_SEARCHES:
            self._searches.popitem(last=False)
        return search

    def _described(self) -> list[str]:
        if self._texts is None:
            libraries = {library: _folded_text(library) for library in {command.library for command in self._commands}}
            ordered = map(self._commands.__getitem__, self._order)
            self._texts = [f"{_folded_text(item.description)}\n{libraries[item.library]}" for item in ordered]
        return self._texts

    def _hit(self, entry: int, score: int, words: tuple[str, ...]) -> Hit:
        index, folded = self._order[entry], self._names[entry]
        places: set[int] = set()
        where = "name"
        for word in words:
            found = positions_of(word.translate(_SEPARATORS), folded)
            if found is None:
                described = _folded_text(word) in _folded_text(self._commands[index].description)
                where = "description" if described else "library"
            else:
                places.update(found)
        return Hit(index, score, _in_name(self._commands[index].name, places), where)


class _Search:
    """One word, the entries that can match it, and those that do as far as they are known."""

    def __init__(
        self,
        names: list[str],
        absent: list[int],
        described: Callable[[], list[str]],
        word: str,
        named: Sequence[int],
        texted: Sequence[int],
    ) -> None:
        """
        Args:
            absent: for each entry, the letters that its name lacks.
            described: gives each entry's folded description and library.
            named, texted: in order, the entries whose name, or whose text, may match the word.
        """
        self.word = word
        self.all: tuple[list[int], list[int]] | None = None
        """As `CommandIndex._all` has it."""
        self._names = names
        self._absent = absent
        self._described = described
        self._named = named
        self._texted = texted
        self._classes: list[tuple[int, list[int]]] = []
        self._rest: Iterator[tuple[int, list[int]]] | None = None

    def narrowed(self, word: str) -> _Search:
        """The search for a longer word: only what may match this one may match that."""
        named, absent = self._named, self._absent
        if len(word) > 1:  # nearly every name has any one letter
            letters = _letters(word.translate(_SEPARATORS))
            named = [entry for entry in named if not letters & absent[entry]]
        return _Search(self._names, self._absent, self._described, word, named, self._texted)

    def classes(self) -> Iterator[tuple[int, list[int]]]:
        """The entries that match, class by class from the best; each entry once, in order. What was found is kept."""
        at = 0
        while True:
            while at < len(self._classes):
                yield self._classes[at]
                at += 1
            if self._rest is None:
                self._rest = self._classify()
            following = next(self._rest, None)
            if following is None:
                return
            self._classes.append(following)

    def _classify(self) -> Iterator[tuple[int, list[int]]]:
        names, word = self._names, self.word.translate(_SEPARATORS)
        start, whole = f".{word}", f".{word}."
        starts = _holding(start, self._named, names)
        first = [entry for entry in starts if names[entry].startswith(start)]
        yield EXACT, [entry for entry in first if names[entry] == whole]
        yield PREFIX, [entry for entry in first if names[entry] != whole]
        later = _without(starts, first)
        yield WHOLE_WORD, [entry for entry in later if whole in names[entry]]
        yield WORD_START, [entry for entry in later if whole not in names[entry]]
        inside = _holding(word, self._named, names)
        yield SUBSTRING, _without(inside, starts)
        named, matches = set(inside), _subsequence(word)
        loose = (entry for entry in self._named if entry not in named and matches(names[entry]))
        tight = list(itertools.islice(loose, PALETTE_SCORED))
        yield SUBSEQUENCE, tight
        scattered = list(loose)
        yield SCATTERED, scattered
        self._texted = _holding(_folded_text(self.word), self._texted, self._described())
        yield DESCRIBED, _without(self._texted, [*inside, *tight, *scattered])


def _holding(part: str, entries: Sequence[int], texts: list[str]) -> list[int]:
    """The entries whose text holds a part. No bytecode runs for each of them."""
    chosen = texts if len(entries) == len(texts) else map(texts.__getitem__, entries)
    return list(itertools.compress(entries, map(operator.contains, chosen, itertools.repeat(part))))


def _without(entries: list[int], taken: list[int]) -> list[int]:
    gone = set(taken)
    return [entry for entry in entries if entry not in gone] if gone else entries


def _subsequence(word: str) -> Callable[[str], object]:
    """A test for letters in order. Possessive, so that it reads a name once."""
    return re.compile("".join(f"[^{re.escape(char)}]*+{re.escape(char)}" for char in word), re.DOTALL).match


def _letters(text: str) -> int:
    """The set of a text's characters, in as many bits as Python's arithmetic has a fast path for; some share a bit."""
    mask = 0
    for char in set(text):
        mask |= 1 << ord(char) % _LETTER_BITS
    return mask


class _LettersOfWord(dict[str, int]):
    """Remembers the letters of each word, because names have their words in common."""

    def __missing__(self, word: str) -> int:
        self[word] = letters = _letters(f".{word}")
        return letters

    def of(self, name: str) -> int:
        """The letters of a folded name."""
        mask = 0
        for word in name.split("."):
            mask |= self[word]
        return mask


def _words(query: str) -> list[str]:
    words = (word.lstrip(".-_:/") for word in query[:QUERY_CHARACTERS].casefold().split())
    return [word for word in words if word]


def _folded_name(name: str) -> str:
    """A name in one case, with one separator, which also begins and ends it."""
    return f".{name.casefold().translate(_SEPARATORS)}."


def _folded_text(text: str) -> str:
    """A text in one case, only letters and digits, a space before its first word."""
    folded = f" {text.casefold()}"
    return folded.translate(_NO_WORD_ASCII) if folded.isascii() else _NO_WORD.sub(" ", folded)


def _in_name(name: str, places: set[int]) -> tuple[int, ...]:
    """Places in a folded name as places in the name; case folding may lengthen a character."""
    if name.isascii():
        return tuple(sorted(place - 1 for place in places if 0 < place <= len(name)))
    origin = [at for at, char in enumerate(name) for _ in char.casefold()]
    return tuple(sorted({origin[place - 1] for place in places if 0 < place <= len(origin)}))
