"""Users: the caller's own account, and what others show."""

from domain.accounts.me import Me
from domain.core.errors import BadRequest, Conflict, NotFound, TooLarge, UnsupportedMediaType
from domain.core.ids import GameId, MediaId, UserId
from domain.core.images import ImageRefused
from domain.core.model import Empty
from domain.social.privacy import PrivacyView, SetPrivacy, privacy_view
from domain.users.commands import (
    AddDevice,
    AvatarQuery,
    SetGameProfile,
    UpdatePreferences,
    UpdateProfile,
    UserSearch,
)
from domain.users.devices import DeviceView
from domain.users.model import PublicUser
from domain.users.profiles import GameProfileLimit
from domain.users.users import UsernameTaken
from rest.envelope import Download, Reply, Stream, page_reply
from rest.routes import Call, Route

KEEP_S = 86_400


async def me(call: Call) -> Me:
    """The caller."""
    return await call.services.own_accounts.me(await call.services.users.get(call.principal.user_id))


async def update_me(call: Call) -> Me:
    """Changes what is given of the caller's names and of what they say of themselves; null takes a field away."""
    return await call.services.own_accounts.me(await call.services.profiles.update(call.principal.user_id, call.body))


async def delete_me(call: Call) -> None:
    """Deletes the caller's account and ends its sessions. Logging in within the days of grace brings it back; after
    them it is erased with all that is known of its user."""
    await call.services.auth.caller(call.principal)
    await call.services.departures.delete(call.principal.user_id, address=call.address)


async def export(call: Call) -> Stream:
    """All that is kept on the caller, as one JSON object of lists, one for each kind of document."""
    await call.services.auth.caller(call.principal)
    return Stream(
        call.services.exports.of(call.principal.user_id, address=call.address), "application/json", "maoga-export.json"
    )


async def set_preferences(call: Call) -> Me:
    """Changes what is given of the caller's preferences."""
    profiles = call.services.profiles
    return await call.services.own_accounts.me(await profiles.set_preferences(call.principal.user_id, call.body))


async def set_game_profile(call: Call) -> Me:
    """Says what the caller is in a game; what was said of it before is forgotten."""
    profiles, game = call.services.profiles, GameId(call.path["id"])
    return await call.services.own_accounts.me(await profiles.set_game_profile(call.principal.user_id, game, call.body))


async def delete_game_profile(call: Call) -> None:
    """Forgets what the caller is in a game; without it nothing happens."""
    await call.services.profiles.delete_game_profile(call.principal.user_id, GameId(call.path["id"]))


async def set_avatar(call: Call) -> Me:
    """Makes an image (PNG, JPEG, WebP, or the first frame of a GIF; at most 5 MiB and 25 megapixels) the caller's
    picture. It is drawn anew, upright and without its metadata."""
    user = await call.services.avatars.put(call.principal.user_id, call.upload, address=call.address)
    return await call.services.own_accounts.me(user)


async def delete_avatar(call: Call) -> None:
    """Takes the caller's picture away."""
    await call.services.avatars.delete(call.principal.user_id)


async def avatar(call: Call) -> Download:
    """A user's picture, for everybody who has its address: pages show it without a token. It never changes; a new
    picture has a new address."""
    picture, data = await call.services.avatars.open(MediaId(call.path["id"]), int(call.query.size))
    return Download(data, picture.content_type, f"{picture.digest}-{call.query.size}", KEEP_S)


async def devices(call: Call) -> Reply:
    """The devices that the caller's notifications are pushed to."""
    return Reply([device.wire() for device in await call.services.devices.list(call.principal.user_id)])


async def add_device(call: Call) -> DeviceView:
    """Pushes the caller's notifications to a device from now on, and no longer those of who used it before."""
    return await call.services.devices.add(call.principal.user_id, call.body)


async def delete_device(call: Call) -> None:
    """Pushes nothing more to a device of the caller's."""
    await call.services.devices.delete(call.principal.user_id, call.path["id"])


async def privacy(call: Call) -> PrivacyView:
    """Who may do and see what of the caller."""
    return privacy_view(await call.services.privacy.of(call.principal.user_id))


async def set_privacy(call: Call) -> PrivacyView:
    """Changes what is given of who may do and see what."""
    return await call.services.privacy.set(call.principal.user_id, call.body)


async def user(call: Call) -> PublicUser:
    """A user, as far as they let the caller see them."""
    return await call.services.people.profile(call.principal.user_id, UserId(call.path["id"]))


async def search(call: Call) -> Reply:
    """Accounts whose username, display name or a word of it begins so, by username; guests have none to be found by."""
    return page_reply(await call.services.people.search(call.principal.user_id, call.query), call.query.limit)


routes = [
    Route("GET", "/users/me", me, answer=Me),
    Route("PATCH", "/users/me", update_me, body=UpdateProfile, answer=Me, rate="write", errors=(UsernameTaken,)),
    Route("DELETE", "/users/me", delete_me, body=Empty, status=204, rate="write", errors=(Conflict,)),
    Route("GET", "/users/me/export", export, answer=bytes, content=("application/json",), rate="upload"),
    Route("PATCH", "/users/me/preferences", set_preferences, body=UpdatePreferences, answer=Me, rate="write"),
    Route(
        "PUT",
        "/users/me/game-profiles/{id}",
        set_game_profile,
        body=SetGameProfile,
        answer=Me,
        rate="write",
        errors=(NotFound, GameProfileLimit),
    ),
    Route("DELETE", "/users/me/game-profiles/{id}", delete_game_profile, status=204, rate="write"),
    Route(
        "PUT",
        "/users/me/avatar",
        set_avatar,
        upload=True,
        answer=Me,
        rate="upload",
        errors=(ImageRefused, BadRequest, TooLarge, UnsupportedMediaType),
    ),
    Route("DELETE", "/users/me/avatar", delete_avatar, status=204, rate="write"),
    Route("GET", "/avatars/{id}", avatar, auth=None, query=AvatarQuery, answer=bytes, errors=(NotFound,)),
    Route("GET", "/users/me/devices", devices, answer=list[DeviceView]),
    Route("POST", "/users/me/devices", add_device, body=AddDevice, answer=DeviceView, status=201, rate="write"),
    Route("DELETE", "/users/me/devices/{id}", delete_device, status=204, rate="write", errors=(NotFound,)),
    Route("GET", "/users/me/privacy", privacy, answer=PrivacyView),
    Route("PATCH", "/users/me/privacy", set_privacy, body=SetPrivacy, answer=PrivacyView, rate="write"),
    Route("GET", "/users/{id}", user, answer=PublicUser, errors=(NotFound,)),
    Route("GET", "/users", search, query=UserSearch, answer=list[PublicUser]),
]
