"""All use cases of the chat, for those who offer them."""

from dataclasses import dataclass

from domain.chat.channels import Channels
from domain.chat.chat import Chat
from domain.chat.directs import Directs
from domain.chat.erasure import Erasure
from domain.chat.groups import Groups
from domain.chat.media import ChatMedia
from domain.chat.messages import Messages
from domain.chat.moderation import Moderation
from domain.chat.reads import Reads
from domain.chat.typing import TypingNews


@dataclass(frozen=True, slots=True)
class ChatCases:
    """The parts of the chat, one for each thing that players do."""

    talk: Chat
    channels: Channels
    directs: Directs
    groups: Groups
    messages: Messages
    media: ChatMedia
    moderation: Moderation
    erasure: Erasure
    reads: Reads
    typing: TypingNews
