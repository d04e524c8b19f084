"""Users: who exists, under which names, and what they show."""

from collections.abc import Sequence

from domain.core.clock import Clock
from domain.core.collection import Changes, Database, Duplicate, Insert, Write
from domain.core.errors import AppError, NotFound
from domain.core.ids import UserId, new_id
from domain.users.model import USERS, PublicUser, Role, User
from domain.users.names import name_key, search_keys_of


class EmailTaken(AppError):
    """Another account has this email address."""

    code, status = "EMAIL_TAKEN", 409


class UsernameTaken(AppError):
    """Another account has this username."""

    code, status = "USERNAME_TAKEN", 409


class Users:
    """The use cases of users."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._users = database.collection(USERS)

    async def create(
        self,
        *,
        username: str,
        display_name: str,
        email: str | None = None,
        password_hash: str | None = None,
        guest: bool = False,
        roles: tuple[Role, ...] = ("user",),
    ) -> User:
        """Stores a new user; raises `EmailTaken` or `UsernameTaken` (the unique keys decide, so races are told too)."""
        user = self.new(
            username=username,
            display_name=display_name,
            email=email,
            password_hash=password_hash,
            guest=guest,
            roles=roles,
        )
        await self.commit(Insert(USERS, user))
        return user

    def new(
        self,
        *,
        username: str,
        display_name: str,
        email: str | None = None,
        password_hash: str | None = None,
        guest: bool = False,
        roles: tuple[Role, ...] = ("user",),
    ) -> User:
        """A new user, not stored yet."""
        return User(
            id=new_id(),
            email=email,
            email_key=name_key(email) if email else None,
            username=username,
            username_key=name_key(username),
            display_name=display_name,
            search_keys=search_keys_of(username, display_name),
            password_hash=password_hash,
            guest=guest,
            roles=roles,
            created_at=self._clock.now(),
        )

    async def commit(self, *writes: Write) -> None:
        """Commits writes of which some give a user a name; raises `EmailTaken`, `UsernameTaken` or `Conflict`."""
        try:
            await self._database.commit(*writes)
        except Duplicate as duplicate:
            if duplicate.collection != USERS.name:
                raise
            raise (EmailTaken if duplicate.key == ("email_key",) else UsernameTaken) from None

    async def get(self, user_id: UserId) -> User:
        """The user; raises `NotFound`."""
        user = await self.find(user_id)
        if user is None:
            raise NotFound("There is no such user.")
        return user

    async def find(self, user_id: UserId) -> User | None:
        """The user, if there is one."""
        return await self._users.get(user_id)

    async def get_many(self, user_ids: Sequence[UserId]) -> dict[UserId, User]:
        """Those of the users that exist, by id."""
        found = await self._users.get_many(user_ids)
        return {UserId(id): user for id, user in found.items()}

    async def named(self, username: str) -> User:
        """The user with that username, whatever its case; raises `NotFound`."""
        user = await self._users.find_one({"username_key": name_key(username)})
        if user is None:
            raise NotFound("There is no such user.")
        return user

    async def by_credential(self, credential: str) -> User | None:
        """The user with that email address or username, whatever its case."""
        field = "email_key" if "@" in credential else "username_key"
        return await self._users.find_one({field: name_key(credential)})

    async def restored(self, user: User) -> User:
        """The account of somebody who has proved to be its user: open again if they had deleted it, and it is not too
        late; otherwise as it is. Raises `NotFound` when it was erased in this very moment."""
        back: Changes = {
            "$set": {"status": user.returns_as, "returns_as": "active"},
            "$unset": {"deleted_at": True, "erase_at": True},
            "$inc": {"version": 1},
        }
        if user.status != "deleted":
            return user
        in_time = {"version": user.version, "status": "deleted", "erase_at": {"$gt": self._clock.now()}}
        return await self._users.update(user.id, back, expect=in_time) or await self.get(UserId(user.id))

    @staticmethod
    def public(user: User) -> PublicUser:
        """What everybody may see of a user."""
        return PublicUser.model_validate(user, from_attributes=True)
