"""Friends and blocks."""

from domain.core.errors import Forbidden, NotFound
from domain.core.ids import UserId
from domain.core.paging import PageQuery
from domain.social.blocks import BlockLimit
from domain.social.commands import AnswerFriend, AskFriend, RequestQuery, ToBlock, ToFriend, Verdict
from domain.social.friends import FriendLimit, FriendRequestLimit
from domain.social.model import BlockList, BlockView, FriendList, FriendView
from rest.envelope import Reply
from rest.routes import Call, Route


async def friends(call: Call) -> Reply:
    """The caller's friends, the newest first."""
    return _page(await call.services.friends.list(call.principal.user_id, call.query), call)


async def requests(call: Call) -> Reply:
    """The open friend requests to the caller and of the caller, the newest first."""
    return _page(await call.services.friends.requests(call.principal.user_id, call.query), call)


async def request(call: Call) -> FriendView:
    """Asks a player to be friends; who has asked the caller is accepted. Asking twice is one request."""
    return await call.services.friends.request(call.principal.user_id, call.body)


async def answer(call: Call) -> FriendView | None:
    """Accepts a player's request, or declines it, which answers 204."""
    command = AnswerFriend(user_id=_named(call), accept=call.body.accept)
    return await call.services.friends.answer(call.principal.user_id, command)


async def remove(call: Call) -> None:
    """Ends a friendship, or a request in either direction; without any nothing happens."""
    await call.services.friends.remove(call.principal.user_id, ToFriend(user_id=_named(call)))


async def blocks(call: Call) -> Reply:
    """Whom the caller has blocked, the newest first."""
    return _page(await call.services.blocks.list(call.principal.user_id, call.query), call)


async def block(call: Call) -> BlockView:
    """Blocks a player, and ends what friendship there is. The other one is not told of the block."""
    return await call.services.blocks.block(call.principal.user_id, call.body)


async def unblock(call: Call) -> None:
    """Takes a block back; without one nothing happens."""
    await call.services.blocks.unblock(call.principal.user_id, ToBlock(user_id=_named(call)))


def _named(call: Call) -> UserId:
    return UserId(call.path["id"])


def _page(page: FriendList | BlockList, call: Call) -> Reply:
    pagination = {"limit": call.query.limit, "nextCursor": page.next_cursor}
    return Reply([item.wire() for item in page.items], {"pagination": pagination})


routes = [
    Route("GET", "/friends", friends, query=PageQuery, answer=list[FriendView]),
    Route("GET", "/friends/requests", requests, query=RequestQuery, answer=list[FriendView]),
    Route(
        "POST",
        "/friends/requests",
        request,
        body=AskFriend,
        answer=FriendView,
        status=201,
        rate="write",
        errors=(NotFound, Forbidden, FriendLimit, FriendRequestLimit),
    ),
    Route(
        "PATCH",
        "/friends/requests/{id}",
        answer,
        body=Verdict,
        answer=FriendView,
        rate="write",
        errors=(NotFound, FriendLimit),
    ),
    Route("DELETE", "/friends/{id}", remove, status=204, rate="write"),
    Route("GET", "/blocks", blocks, query=PageQuery, answer=list[BlockView]),
    Route(
        "POST",
        "/blocks",
        block,
        body=ToBlock,
        answer=BlockView,
        status=201,
        rate="write",
        errors=(NotFound, BlockLimit),
    ),
    Route("DELETE", "/blocks/{id}", unblock, status=204, rate="write"),
]
