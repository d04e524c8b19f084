"""What a search finds texts by: their words, folded so that case, width and composition do not matter. Pure.

What is to be found keeps `words_of` its text in an indexed list field `words`.
"""

import re

from domain.core.collection import Filter
from domain.users.names import name_key

WORDS_MAX = 50
"""A text is found by so many of its words, the first ones."""
WORD_MAX = 40
"""Of a longer word, so many characters count."""
QUERY_WORDS_MAX = 8

_WORD = re.compile(r"\w+")


def words_of(text: str, most: int = WORDS_MAX) -> tuple[str, ...]:
    """The words of a text, each once, in their order."""
    found = dict.fromkeys(word[:WORD_MAX] for word in _WORD.findall(name_key(text)))
    return tuple(found)[:most]


def having(query: str) -> Filter | None:
    """The filter for what has all the words of a query, of the last one the beginning; None without words."""
    *whole, begun = words_of(query, QUERY_WORDS_MAX) or ("",)
    if not begun:
        return None
    filter: Filter = {"words": {"$prefix": begun}}
    for word in whole:
        filter = {"words": word, "$or": [filter]}
    return filter
