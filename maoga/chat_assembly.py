"""Puts the use cases of the chat together."""

from domain.chat.cases import ChatCases
from domain.chat.channels import Channels
from domain.chat.chat import Chat
from domain.chat.contacts import Contacts, Encounters
from domain.chat.directs import Directs
from domain.chat.groups import Groups
from domain.chat.mentions import Mentions
from domain.chat.messages import Messages
from domain.chat.pace import Pace
from domain.chat.reads import Reads
from domain.chat.sequencer import Sequencer
from domain.chat.typing import TypingNews
from domain.core.clock import Clock
from domain.core.collection import Database
from domain.core.events import Outbox, Publisher
from domain.core.ids import new_id
from domain.core.limits import RateLimits
from domain.notifications.notifications import Notifications
from domain.social.blocks import Blocks
from domain.social.friends import Friends
from domain.social.privacy import Privacy
from domain.users.users import Users


def build_chat(
    *,
    database: Database,
    publisher: Publisher,
    outbox: Outbox,
    users: Users,
    blocks: Blocks,
    friends: Friends,
    privacy: Privacy,
    encounters: Encounters,
    notifications: Notifications,
    limits: RateLimits,
    rate_limit_scale: float,
    clock: Clock,
) -> ChatCases:
    """The chat on open storage. limits: unscaled, for slow mode is no protection of the server."""
    sequencer = Sequencer(database, publisher)
    channels = Channels(database, outbox, sequencer, clock)
    contacts = Contacts(blocks, friends, privacy, encounters)
    chat = Chat(
        database=database,
        channels=channels,
        sequencer=sequencer,
        contacts=contacts,
        mentions=Mentions(database, users, blocks, notifications, clock),
        notifications=notifications,
        pace=Pace(limits, clock, rate_limit_scale),
        clock=clock,
        new_id=new_id,
    )
    return ChatCases(
        talk=chat,
        channels=channels,
        directs=Directs(channels=channels, contacts=contacts, users=users, clock=clock),
        groups=Groups(channels=channels, contacts=contacts, users=users, clock=clock, new_id=new_id),
        messages=Messages(database=database, channels=channels, chat=chat, outbox=outbox, clock=clock),
        reads=Reads(database=database, channels=channels, blocks=blocks, outbox=outbox, clock=clock),
        typing=TypingNews(chat, publisher, clock),
    )
