"""Which words are found, in which disguise, and which are left alone."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.chat.wordlist import WordList

WORDS = WordList.parse("# not wanted\n\nbad\nass\nidiot\nsh*\n*fool*\ncafé\nstraße\n나쁜\n")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("that is bad", "that is ***"),
        ("BAD, Bad; bad!", "***, ***; ***!"),
        ("\uff42\uff41\uff44 and \U0001d41b\U0001d41a\U0001d41d and \u24d1\u24d0\u24d3", "*** and *** and ***"),
        ("b4d and b@d and 8ad", "*** and *** and 8ad"),
        ("you !d10t", "you *****"),
        ("bad!good", "***!good"),
        ("a$$ and a55", "*** and ***"),
        ("b\u200ba\u200dd", "*****"),
        ("b\u00ada\u2060d x", "***** x"),
        ("b\u0336a\u0336d\u0336", "******"),
        ("shine", "*****"),
        ("tomfoolery", "**********"),
        ("cafe\u0301 and café", "***** and ****"),
        ("STRASSE", "*******"),
        ("\u1102\u1161\u1108\u1173\u11ab 나쁜", "***** **"),
        ("bad_bad", "***_***"),
        ("bad\nbad", "***\n***"),
    ],
)
def test_a_word_is_found_in_its_disguise(text: str, masked: str) -> None:
    assert WORDS.masked(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "class assistant badge",
        "455 points",
        "a, s, s",
        "cafe",
        "dash",
        "8ad",
        "well done!",
        "👨\u200d👩\u200d👧 ❤\ufe0f",
        "",
    ],
)
def test_other_words_are_left_alone(text: str) -> None:
    assert WORDS.masked(text) is text
    assert WORDS.find(text) == []


@given(st.text(max_size=60), st.sampled_from(["bad", "B4D", "\uff42ad"]), st.text(max_size=60))
def test_a_word_between_spaces_is_always_found(before: str, word: str, behind: str) -> None:
    """Whatever stands around it."""
    text = f"{before} {word} {behind}"
    place = (len(before) + 1, len(before) + 1 + len(word))
    assert place in WORDS.find(text)


@given(st.text(max_size=80))
def test_masking_changes_nothing_but_the_places(text: str) -> None:
    masked = WORDS.masked(text)
    places = WORDS.find(text)
    hidden = {n for start, end in places for n in range(start, end)}
    assert len(masked) == len(text)
    assert all(masked[n] == ("*" if n in hidden else text[n]) for n in range(len(text)))
    assert WORDS.find(masked) == []


@given(st.text(max_size=40))
def test_an_entry_finds_itself(entry: str) -> None:
    """However its text is composed."""
    words = [word for word in entry.split() if word.isalnum() and word.isprintable()]
    for word in words:
        found = WordList([word])
        assert found.find(unicodedata.normalize("NFD", word)) or not found.find(word)


def test_an_empty_list_finds_nothing() -> None:
    assert WordList.parse("\n# nothing\n*\n").masked("anything at all") == "anything at all"


def test_a_long_message_and_a_long_list_take_little() -> None:
    """Two thousand characters against ten thousand words: below 50 ms of computing, some ms in truth."""
    words = WordList([f"word{n}" for n in range(10_000)])
    text = "b\u0336@d w0rd9999 " * 140
    began = time.process_time()
    assert words.find(text[:2000])
    assert time.process_time() - began < 0.05
