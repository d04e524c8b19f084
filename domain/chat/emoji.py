"""What one emoji is, by the grammar of Unicode's UTS #51 and the blocks that emoji stand in.

The blocks hold some signs that are no emoji. Nobody is harmed by a reaction with a chess piece, and the server needs
no table that grows with every version of Unicode.
"""

import re

_PICTURE = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u27bf\u2934\u2935\u2b05-\u2b55"
    "\u3030\u303d\u3297\u3299\U0001f004-\U0001f1e5\U0001f200-\U0001faff]"
)
_ELEMENT = f"{_PICTURE}(?:\ufe0f|[\U0001f3fb-\U0001f3ff])?(?:[\U000e0020-\U000e007e]+\U000e007f)?"
_KEYCAP = "[0-9#*]\ufe0f?\u20e3"
_FLAG = "[\U0001f1e6-\U0001f1ff]{2}"
_EMOJI = re.compile(f"{_FLAG}|{_KEYCAP}|{_ELEMENT}(?:\u200d{_ELEMENT}){{0,9}}")


def is_emoji(text: str) -> bool:
    """Whether `text` is one emoji: a picture, perhaps with a skin tone, or joined of several; a flag; or a keycap."""
    return _EMOJI.fullmatch(text) is not None
