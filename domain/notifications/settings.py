"""Which kinds of notifications a player wants."""

from collections.abc import Collection

from domain.core.collection import Database, Spec
from domain.core.ids import UserId
from domain.core.model import Document, Model
from domain.notifications.commands import SetNotifications
from domain.notifications.model import NewsType


class NotificationSettings(Document):
    """What a player does not want to be told of. The id is the user's; who never chose wants everything."""

    unwanted: tuple[NewsType, ...] = ()


NOTIFICATION_SETTINGS = Spec("notification_settings", NotificationSettings)


class NotificationSettingsView(Model):
    """Which kinds of notifications the player wants."""

    friend_request: bool
    friend_accepted: bool
    match_found: bool
    lobby_invite: bool
    mention: bool
    report_outcome: bool
    system: bool


class NotificationPreferences:
    """The use cases of these settings."""

    def __init__(self, database: Database) -> None:
        self._settings = database.collection(NOTIFICATION_SETTINGS)

    async def of(self, user: UserId) -> NotificationSettingsView:
        """What the user wants."""
        return _view(await self._settings.get(user) or NotificationSettings(id=user))

    async def set(self, user: UserId, command: SetNotifications) -> NotificationSettingsView:
        """Takes the place of what the user wanted before."""
        unwanted = tuple(kind for kind, wanted in command if not wanted)
        settings = NotificationSettings(id=user, unwanted=unwanted)
        await self._settings.upsert(settings)
        return _view(settings)

    async def unwanted(self, users: Collection[UserId]) -> dict[UserId, Collection[NewsType]]:
        """What each of the users who do not want everything does without."""
        return {UserId(id): one.unwanted for id, one in (await self._settings.get_many(list(users))).items()}


def _view(settings: NotificationSettings) -> NotificationSettingsView:
    wanted = {kind: kind not in settings.unwanted for kind in NotificationSettingsView.model_fields}
    return NotificationSettingsView(**wanted)
