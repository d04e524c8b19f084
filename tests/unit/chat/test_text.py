"""What is read out of a message's text: emoji, words, and whom it names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.chat.emoji import is_emoji
from domain.chat.mentions import MENTIONS_MAX, named_in
from domain.users.model import User
from domain.users.names import name_key
from domain.users.words import WORD_MAX, WORDS_MAX, having, words_of
from tests.support.builders import NOON

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


@pytest.mark.parametrize(
    "text",
    ["👍", "👍🏽", "❤️", "❤", "🇪🇺", "7️⃣", "#️⃣", FAMILY, "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "🧑🏿‍🚀", "🏳️‍🌈", "😀", "♟️"],
)
def test_one_emoji_is_an_emoji(text: str) -> None:
    assert is_emoji(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "7",
        "ok",
        "👍👍",
        "👍 ",
        "\u200d",
        "👍\u200d",
        "\ufe0f",
        "🇪",
        "<b>",
        "👍a",
        "e\u20e3",
        "\u2603\u0301",
    ],
)
def test_what_is_none_or_more_than_one_is_not(text: str) -> None:
    assert not is_emoji(text)


class TestWords:
    def test_case_width_and_composition_do_not_matter(self) -> None:
        assert words_of("Straße \uff28\uff29 e\u0301 don't") == ("strasse", "hi", "é", "don", "t")

    @given(st.text(max_size=400))
    def test_words_are_few_short_and_of_one_form(self, text: str) -> None:
        words = words_of(text)
        assert len(words) == len(set(words)) <= WORDS_MAX
        assert all(word and len(word) <= WORD_MAX and word == name_key(word) for word in words)

    @given(st.text(min_size=1, max_size=60))
    def test_a_text_is_found_by_its_own_words(self, text: str) -> None:
        """The filter, read as the database does, holds for the words it was made from."""
        filter = having(text)
        found = words_of(text)
        if filter is None:
            assert not found
            return
        while "$or" in filter:
            assert filter["words"] in found
            (filter,) = filter["$or"]
        assert any(word.startswith(filter["words"]["$prefix"]) for word in found)


class TestMentions:
    @staticmethod
    def users(*names: str) -> list[User]:
        return [
            User(id=name, username=name, username_key=name_key(name), display_name=name, created_at=NOON)
            for name in names
        ]

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("@ann hi", ["ann"]),
            ("hi @ANN, @bob.", ["ann", "bob"]),
            ("@bob.b. and @bob", ["bob.b", "bob"]),
            ("mail ann@bob.b", []),
            ("@ann@bob", ["ann"]),
            ("@annabel @an", []),
            ("(@ann) @ann", ["ann"]),
            ("@ann-", ["ann"]),
            ("@@ann", []),
        ],
    )
    def test_members_are_named_by_username(self, text: str, expected: list[str]) -> None:
        assert list(named_in(text, self.users("ann", "bob", "bob.b"))) == expected

    def test_only_so_many_are_named(self) -> None:
        names = [f"user{n}" for n in range(MENTIONS_MAX + 3)]
        text = " ".join(f"@{name}" for name in names)
        assert list(named_in(text, self.users(*names))) == names[:MENTIONS_MAX]
