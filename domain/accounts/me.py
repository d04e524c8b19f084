"""What users see of their own accounts."""

import asyncio

from domain.core.ids import UserId
from domain.notifications.settings import NotificationPreferences, NotificationSettingsView
from domain.rankings.rankings import Rankings
from domain.social.privacy import Privacy, PrivacyView, privacy_view
from domain.users.model import GameProfile, Preferences, PublicUser, Rating, Role, Status, User


class GameProfileView(GameProfile):
    """What a player is in one game, with their rating in the mode they played last."""

    rating: Rating


class Me(PublicUser):
    """A user as they see themselves. phone, gender, birthYear: nobody else sees them."""

    email: str | None
    email_verified: bool
    guest: bool
    roles: tuple[Role, ...]
    identities: tuple[str, ...]
    status: Status
    preferences: Preferences
    game_profiles: tuple[GameProfileView, ...]
    privacy: PrivacyView
    notification_settings: NotificationSettingsView
    phone: str | None
    gender: str | None
    birth_year: int | None


_OF_THE_USER = set(Me.model_fields) & set(User.model_fields) - {"game_profiles"}


class OwnAccounts:
    """The use case of looking at oneself."""

    def __init__(self, rankings: Rankings, privacy: Privacy, notifications: NotificationPreferences) -> None:
        self._rankings, self._privacy, self._notifications = rankings, privacy, notifications

    async def me(self, user: User) -> Me:
        """What the user sees of themselves."""
        id = UserId(user.id)
        ratings, privacy, notifications = await asyncio.gather(
            self._rankings.last_played(user), self._privacy.of(id), self._notifications.of(id)
        )
        return Me(
            **user.model_dump(include=_OF_THE_USER),
            avatar_url=user.avatar_url,
            game_profiles=tuple(
                GameProfileView(**profile.model_dump(), rating=ratings.get(profile.game_id, Rating()))
                for profile in user.game_profiles
            ),
            privacy=privacy_view(privacy),
            notification_settings=notifications,
        )
