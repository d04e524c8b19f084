"""Finds words that are not wanted, however they are dressed up. Pure.

Text and list are compared in one plain form: Unicode's NFKC with case folded, without invisible characters and without
marks that are only piled on letters. A word is looked for twice: as it stands, and with digits and signs that people
write for letters read as those (`LOOKALIKES`), unless it has no letter at all. Only whole words count, so that `class`
may be said, unless an entry of the list ends in `*` (words that begin so) or stands between two (words that have it
anywhere).
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Self

LOOKALIKES = {
    "0": "o",
    "1": "i",
    "3": "e",
    "4": "a",
    "5": "s",
    "7": "t",
    "@": "a",
    "$": "s",
    "!": "i",
}
MARK_OF_A_SENTENCE = "!"
"""A letter only in front of another one."""

SILENT = {"Mn", "Me", "Cf"}
"""Categories of characters that change how another one looks, or nothing."""
FILLERS = {"\u115f", "\u1160", "\u3164", "\uffa0"}

Place = tuple[int, int]
"""Where something begins in a text, and where it has ended."""


class _Letter(NamedTuple):
    """One character as a reader sees it: its plain form, and its place with all that is piled on it."""

    plain: str
    place: Place


class WordList:
    """The words that are not wanted."""

    def __init__(self, entries: Iterable[str]) -> None:
        """entries: words, `beginning*` or `*anywhere*`. Empty ones and those that start with `#` are passed over."""
        words = [entry.strip() for entry in entries]
        words = [word for word in words if word.strip("*") and not word.startswith("#")]
        inside = [word for word in words if word.startswith("*")]
        starts = [word for word in words if word.endswith("*") and not word.startswith("*")]
        self._words = {_plain(word) for word in words if "*" not in (word[0], word[-1])}
        self._starts = tuple(_plain(word.strip("*")) for word in starts)
        self._inside = re.compile("|".join(re.escape(_plain(word.strip("*"))) for word in inside) or "(?!)")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The list in a file, one entry a line."""
        return cls(text.splitlines())

    def find(self, text: str) -> list[Place]:
        """Where the words stand in `text`."""
        letters = list(_letters(text))
        spelled = [word for word in _words(_deciphered(letters)) if any(text[one.place[0]].isalpha() for one in word)]
        found = [word for word in (*_words(letters), *spelled) if self._has("".join(one.plain for one in word))]
        return sorted({(word[0].place[0], word[-1].place[1]) for word in found})

    def masked(self, text: str) -> str:
        """`text` with a `*` for every character of the words."""
        for start, end in reversed(self.find(text)):
            text = text[:start] + "*" * (end - start) + text[end:]
        return text

    def _has(self, word: str) -> bool:
        return word in self._words or word.startswith(self._starts) or bool(self._inside.search(word))


def _plain(word: str) -> str:
    return "".join(letter.plain for letter in _letters(word))


def _letters(text: str) -> Iterator[_Letter]:
    start = 0
    for end in range(1, len(text) + 1):
        if end == len(text) or not (_is_silent(text[end]) or _joins(text[end])):
            yield _Letter(_folded(text[start:end]), (start, end))
            start = end


def _folded(piece: str) -> str:
    if piece.isascii():
        return piece.lower()
    composed = unicodedata.normalize("NFKC", piece).casefold()
    return "".join(character for character in composed if not _is_silent(character))


def _is_silent(character: str) -> bool:
    return character > "\x7f" and (unicodedata.category(character) in SILENT or character in FILLERS)


def _joins(character: str) -> bool:
    """Whether the character is a vowel or final of a Korean syllable that is written in pieces."""
    return "\u1160" <= character <= "\u11ff"


def _deciphered(letters: list[_Letter]) -> list[_Letter]:
    """The letters with lookalikes read as what they look like."""
    read = []
    for n, letter in enumerate(letters):
        behind = letters[n + 1].plain if n + 1 < len(letters) else ""
        meant = LOOKALIKES.get(letter.plain)
        if meant is None or (letter.plain == MARK_OF_A_SENTENCE and not behind.isalnum()):
            read.append(letter)
        else:
            read.append(_Letter(meant, letter.place))
    return read


def _words(letters: list[_Letter]) -> Iterator[list[_Letter]]:
    """Runs of letters and digits; what is invisible does not end one."""
    word: list[_Letter] = []
    for letter in letters:
        if letter.plain.isalnum() or (not letter.plain and word):
            word.append(letter)
        elif word:
            yield word
            word = []
    if word:
        yield word
