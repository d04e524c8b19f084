"""What becomes of a message by what it says: a studio's own rules can be put in as hooks beside the word filter."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from domain.chat.drafts import Draft
from domain.chat.held import Held
from domain.chat.model import Channel, Message
from domain.chat.wordlist import WordList
from domain.core.errors import AppError

WordMode = Literal["mask", "refuse", "hold"]


class MessageRefused(AppError):
    """The rules of this server do not allow what the message says."""

    code, status = "MESSAGE_REFUSED", 422


@dataclass(frozen=True, slots=True)
class Verdict:
    """allow; mask (say `content` instead); refuse (and tell the sender); hold (a moderator sees it first)."""

    action: Literal["allow", "mask", "refuse", "hold"]
    content: str = ""


ALLOW = Verdict("allow")


class ModerationHook(Protocol):
    """Judges messages before they are stored, and again when they are edited."""

    async def judge(self, channel: Channel, message: Message) -> Verdict:
        """What becomes of the message; raises `errors.Unavailable` when it cannot say, and the message is not sent."""
        ...


class WordFilter:
    """The hook that knows a list of words."""

    def __init__(self, words: WordList, mode: WordMode) -> None:
        self._words, self._mode = words, mode

    async def judge(self, channel: Channel, message: Message) -> Verdict:
        if message.content_type == "gif" or not self._words.find(message.content):
            return ALLOW
        return Verdict("mask", self._words.masked(message.content)) if self._mode == "mask" else Verdict(self._mode)


class Filtering:
    """The `Check` that asks the hooks in their order, each about what the ones before it have left."""

    def __init__(self, hooks: Sequence[ModerationHook], held: Held) -> None:
        self._hooks, self._held = hooks, held

    async def __call__(self, channel: Channel, draft: Draft) -> Draft:
        """The draft as the hooks leave it. Raises `MessageRefused`, `MessageHeld` and `HeldLimit`.

        An edit that would have to wait is refused, for what it edits is seen already.
        """
        for hook in self._hooks:
            verdict = await hook.judge(channel, draft.message)
            match verdict.action:
                case "mask":
                    draft = draft.changed(content=verdict.content)
                case "hold" if not draft.message.edited_at:
                    await self._held.pass_or_keep(channel, draft.message)
                case "refuse" | "hold":
                    raise MessageRefused
        return draft
