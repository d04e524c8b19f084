"""Channels and their messages."""

from domain.chat.chat import ChannelClosed
from domain.chat.commands import History, HistoryQuery, OpenDirect, Saying, Send
from domain.chat.directs import DirectRefused
from domain.chat.filtering import MessageRefused
from domain.chat.held import MessageHeld
from domain.chat.media import MediaUsed
from domain.chat.model import ChannelView, MessageView
from domain.chat.pace import SlowMode
from domain.chat.silence import Muted
from domain.core.errors import Forbidden, NotFound
from domain.core.ids import ChannelId
from rest.envelope import Reply
from rest.routes import Call, Route


async def channels(call: Call) -> Reply:
    """The channels the caller is a member of, the busy first, the closed last."""
    found = await call.services.chats.reads.channels(call.principal.user_id)
    return Reply([channel.wire() for channel in found])


async def open_direct(call: Call) -> ChannelView:
    """The channel with another player, made if need be."""
    user, chats = call.principal.user_id, call.services.chats
    return await chats.reads.view(user, await chats.directs.open(user, call.body))


async def history(call: Call) -> Reply:
    """A page of a channel's messages in the order of their `seq`; `meta.hasMore` tells of more in the direction that
    was asked for."""
    query = History(channel_id=ChannelId(call.path["id"]), **call.query.model_dump())
    page = await call.services.chats.talk.history(call.principal.user_id, query)
    return Reply([message.wire() for message in page.messages], {"hasMore": page.has_more})


async def send(call: Call) -> MessageView:
    """Says something; answered when it is stored for good. The same `clientMessageId` again is one message."""
    command = Send(channel_id=ChannelId(call.path["id"]), **call.body.model_dump())
    return await call.services.chats.talk.send(call.principal.user_id, command)


routes = [
    Route("GET", "/chats", channels, answer=list[ChannelView]),
    Route(
        "POST",
        "/chats/direct",
        open_direct,
        body=OpenDirect,
        answer=ChannelView,
        status=201,
        rate="write",
        errors=(NotFound, DirectRefused),
    ),
    Route("GET", "/chats/{id}/messages", history, query=HistoryQuery, answer=list[MessageView], errors=(NotFound,)),
    Route(
        "POST",
        "/chats/{id}/messages",
        send,
        body=Saying,
        answer=MessageView,
        status=201,
        rate="write",
        errors=(NotFound, ChannelClosed, Forbidden, SlowMode, Muted, MediaUsed, MessageRefused, MessageHeld),
    ),
]
