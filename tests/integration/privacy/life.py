"""Somebody who has done everything one can do here, and so has left something in every collection."""

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pymongo import AsyncMongoClient

from domain.audit.audit import Audit
from domain.audit.model import Actor
from domain.auth.commands import Login, RequestReset
from domain.auth.external import IDENTITIES, Identity
from domain.auth.links import LINKS, Link
from domain.auth.model import Client as Origin
from domain.auth.model import SessionView
from domain.chat.commands import CreateGroup, MarkRead, OpenDirect, React, Send
from domain.chat.held import HELD, HeldMessage
from domain.chat.model import MESSAGES
from domain.core.collection import Insert, Spec
from domain.core.idempotency import Idempotency
from domain.core.ids import ChannelId, GameId, MessageId, UserId, new_id
from domain.flags.model import FLAGS, Flag
from domain.lobbies.commands import AboutPlayer, Spectate
from domain.lobbies.model import LobbyView
from domain.matchmaking.commands import CancelTicket, Result
from domain.matchmaking.cooldowns import COOLDOWNS, Cooldown
from domain.matchmaking.karma import GiveKarma
from domain.notifications.commands import SetNotifications
from domain.reports.commands import SubmitReport
from domain.reports.model import SANCTIONS, Sanction
from domain.social.commands import AnswerFriend, AskFriend, SetStatus, ToBlock
from domain.social.privacy import SetPrivacy
from domain.users.commands import AddDevice, SetGameProfile, UpdatePreferences, UpdateProfile
from maoga.bootstrap import Core
from maoga.core import SPECS
from storage.redis.client import Client
from tests.integration.matchmaking.test_results import played
from tests.support.accounts import PASSWORD, a_registration
from tests.support.builders import criteria
from tests.support.images import an_image
from tests.support.lobbies import enter, opened
from tests.support.parties import a_party
from tests.support.redis_keys import all_keys

HOUR_MS = 3_600_000
ADDRESS = "203.0.113.77"
NAME, SHOWN, EMAIL, PHONE = "adalheid", "Zyx Wvuts", "adalheid@mail.example.test", "+4930998877"
SUBJECT = "76561190815471100"
BIO, TOKEN, SAID = "I collect zithers", "push-token-0815-4711", "my zither is called Agathe"


@dataclass(frozen=True)
class Life:
    """A user, two others whom they have to do with, and one who has nothing to do with any of them."""

    core: Core
    ada: UserId
    bob: UserId
    cid: UserId
    eve: UserId
    session: SessionView

    @property
    def needles(self) -> tuple[str, ...]:
        """What tells of the user wherever it is found."""
        return (self.ada, NAME, SHOWN, EMAIL, PHONE, BIO, TOKEN, SUBJECT, ADDRESS)


async def a_life(core: Core) -> Life:
    """Everything happens once."""
    ids = []
    for name, shown, email in (
        (NAME, SHOWN, EMAIL),
        ("bob", "Bob", "bob@example.test"),
        ("cid", "Cid", "cid@example.test"),
        ("eve", "Eve", "eve@example.test"),
    ):
        account = await core.auth.create_account(a_registration(name, email=email, displayName=shown))
        ids.append(UserId(account.id))
    login = Login.parse({"credential": NAME, "password": PASSWORD})
    ada, bob, cid, eve = ids
    life = Life(core, ada, bob, cid, eve, await core.auth.login(login, Origin(ADDRESS)))
    await _account(life)
    await _relations(life)
    await _talk(life)
    await _play(life)
    await _places(life)
    await _records(life)
    return life


async def _account(life: Life) -> None:
    core, ada = life.core, life.ada
    personal = {"bio": BIO, "phone": PHONE, "gender": "woman", "birth_year": 1990}
    await core.people.profiles.update(ada, UpdateProfile.model_validate(personal))
    await core.people.profiles.set_preferences(ada, UpdatePreferences(regions=["EU"]))
    await core.people.profiles.set_game_profile(ada, GameId("apex"), SetGameProfile(in_game_name="Zither"))
    await core.people.devices.add(ada, AddDevice(token=TOKEN, platform="ios"))
    await core.people.avatars.put(ada, _picture, address=ADDRESS)
    await core.privacy.set(ada, SetPrivacy(direct_messages="everyone"))
    await core.privacy.set(life.bob, SetPrivacy(direct_messages="everyone"))
    await core.notification_preferences.set(ada, SetNotifications(system=False))
    identity = Identity(id=f"steam:{SUBJECT}", provider="steam", user_id=ada, linked_at=core.clock.now())
    await core.database.collection(IDENTITIES).insert(identity)
    await core.credentials.request_reset(RequestReset.parse({"email": EMAIL}), Origin(ADDRESS))
    await core.runner.poll()
    await core.runner.idle()
    await core.credentials.request_reset(RequestReset.parse({"email": EMAIL}), Origin(ADDRESS))
    await core.presences.set_status(ada, SetStatus(status="away", custom_status="with my zither"))


async def _picture(_: int) -> bytes:
    return an_image()


async def _relations(life: Life) -> None:
    core, ada, bob, cid = life.core, life.ada, life.bob, life.cid
    await core.friends.request(ada, AskFriend(user_id=bob))
    await core.friends.answer(bob, AnswerFriend(user_id=ada, accept=True))
    await core.blocks.block(ada, ToBlock(user_id=life.eve))
    await core.blocks.block(cid, ToBlock(user_id=ada))


async def _talk(life: Life) -> None:
    core, ada, bob = life.core, life.ada, life.bob
    direct = (await core.chats.directs.open(ada, OpenDirect(user_id=bob))).channel_id
    group = (await core.chats.groups.create(bob, CreateGroup(name="Crew", user_ids=[ada]))).channel_id
    for channel in (direct, group):
        await core.chat.send(ada, Send(channel_id=channel, client_message_id="a", content=SAID))
        said = await core.chat.send(bob, Send(channel_id=channel, client_message_id="b", content=f"hello @{NAME}"))
        await core.chats.messages.react(ada, React(message_id=said.id, emoji="\N{THUMBS UP SIGN}", on=True))
        await core.chats.reads.mark_read(ada, MarkRead(channel_id=channel, seq=1))
    image = await core.chats.media.upload(ada, group, _picture, address=ADDRESS)
    shown = {
        "channel_id": group,
        "client_message_id": "i",
        "content": "",
        "content_type": "image",
        "media_id": image.id,
    }
    await core.chat.send(ada, Send.model_validate(shown))
    await core.chats.media.upload(ada, group, _picture, address=ADDRESS)
    await _hold(life, group)


async def _hold(life: Life, channel: ChannelId) -> None:
    """A message of the user's waits for a moderator."""
    core = life.core
    (message,) = await core.database.collection(MESSAGES).find({"sender_id": life.ada}, limit=1)
    held = HeldMessage(
        id=new_id(),
        channel_id=channel,
        sender_id=life.ada,
        client_message_id="held",
        message=message.changed(id=MessageId(new_id())),
        expires_at=core.clock.now() + timedelta(days=7),
    )
    await core.database.collection(HELD).insert(held)


async def _play(life: Life) -> None:
    """Matches with a result, karma, refusals and searches."""
    core, ada, bob = life.core, life.ada, life.bob
    match = await played(core, [ada], [bob])
    await core.results.decide(match.match_id, Result(places=[[ada], [bob]]))
    await core.standings.sweep()
    await core.karma.give(ada, match.match_id, GiveKarma(user_id=bob, value=1))
    await core.karma.give(bob, match.match_id, GiveKarma(user_id=ada, value=1))
    now = core.clock.now()
    cooldown = Cooldown(id=ada, level=1, until=now, decays_at=now, expires_at=now + timedelta(days=60))
    await core.database.collection(COOLDOWNS).insert(cooldown)
    ticket = await core.matchmaking.enqueue(ada, criteria("apex"))
    await core.matchmaking.cancel(ada, CancelTicket(ticket_id=ticket.id))
    ticket = await core.matchmaking.enqueue(life.eve, criteria("apex"))
    await core.matchmaking.cancel(life.eve, CancelTicket(ticket_id=ticket.id))


async def _places(life: Life) -> None:
    """A lobby of the user's own, one they watch, and a party."""
    core, ada, bob = life.core, life.ada, life.bob
    lobby = await opened(core, ada)
    await enter(core, bob, lobby)
    await core.lobbies.kick(ada, AboutPlayer(user_id=bob))
    watched: LobbyView = await opened(core, bob, settings={"visibility": "public", "allowSpectators": True})
    await core.lobbies.spectate(ada, Spectate(lobby_id=watched.id))
    await core.invites.invite(bob, AboutPlayer(user_id=ada))
    await a_party(core, bob, ada)


async def _records(life: Life) -> None:
    """What staff and machines have noted."""
    core, ada, bob = life.core, life.ada, life.bob
    audit, now = Audit(core.clock, new_id), core.clock.now()
    staff = Actor(kind="user", id=bob, address="192.0.2.9")
    await core.database.commit(
        audit.entry("users.renamed", staff, f"user:{ada}", before={"displayName": SHOWN}),
        audit.entry("auth.logged_in", Actor(kind="user", id=ada, address=ADDRESS), f"user:{ada}"),
        core.jobs.new("some_work", {"userId": ada}),
        core.jobs.new("some_mail", {"to": EMAIL}),
        Insert(FLAGS, Flag(id="maintenance", by=ada, at=now)),
        Insert(SANCTIONS, Sanction(id=new_id(), user_id=ada, kind="warning", reason="zithers", by=bob, created_at=now)),
        Insert(SANCTIONS, Sanction(id=new_id(), user_id=life.eve, kind="mute", reason="spam", by=ada, created_at=now)),
    )
    await Idempotency(core.database, core.limits, core.clock).begin(f"user:{ada}", "POST /x", "key", "0")
    link = Link(id="0" * 64, purpose="verify_email", user_id=ada, email=EMAIL, epoch=0, expires_at=now + timedelta(1))
    await core.database.collection(LINKS).insert(link)
    for reporter, reported in ((ada, bob), (life.eve, bob), (bob, ada), (life.cid, ada)):
        said = SubmitReport(user_id=reported, reason="spam", description="too many zithers")
        await core.moderation.reports.submit(reporter, said)


async def leave_all(life: Life) -> None:
    """The user gives up every place, as the server does for them once their connections are cut."""
    core, ada = life.core, life.ada
    await core.lobbies.leave(ada)
    await core.lobbies.leave(ada)
    await core.parties.leave(ada)


async def naming(core: Core, user: UserId) -> set[str]:
    """The kinds of documents that name the user, as the databases keep them."""
    return {spec.name for spec in SPECS if any(user in text for text in await _stored(core, spec))}


async def everywhere(core: Core) -> AsyncIterator[tuple[str, str]]:
    """Whatever is stored: where, and as text. Of Redis what does not go by itself within the hour, as limits do and the
    logs of streams."""
    for spec in SPECS:
        for text in await _stored(core, spec):
            yield spec.name, text
    for key in await all_keys(core.redis):
        name = key if isinstance(key, str) else key.decode()
        if 0 < await core.redis.pttl(name) < HOUR_MS:
            continue
        yield f"redis {name}", f"{name} {await _value(core.redis, name)}"


async def _stored(core: Core, spec: Spec[Any]) -> list[str]:
    settings = core.settings
    if settings.sqlite:
        with sqlite3.connect(f"file:{settings.sqlite_path}?mode=ro", uri=True) as connection:
            return [str(row) for row in connection.execute(f'SELECT * FROM "{spec.name}"')]
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(settings.database_url.get_secret_value())
    try:
        return [str(row) async for row in client.get_default_database()[spec.name].find({})]
    finally:
        await client.close()


async def _value(redis: Client, key: str) -> object:
    kind = await redis.type(key)
    match kind.decode() if isinstance(kind, bytes) else kind:
        case "string":
            return await redis.get(key)
        case "hash":
            return await redis.hgetall(key)
        case "zset":
            return await redis.zrange(key, 0, -1)
        case "set":
            return await redis.smembers(key)
        case "list":
            return await redis.lrange(key, 0, -1)
        case "stream":
            return await redis.xrange(key)
        case other:
            return other
