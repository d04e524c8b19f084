"""What proves who a user is, their password and their address: setting, changing and proving them."""

from hashlib import sha256

from domain.accounts.me import Me, OwnAccounts
from domain.auth.auth import Auth
from domain.auth.commands import ChangeEmail, ChangePassword, RequestReset, ResetPassword, Upgrade, VerifyEmail
from domain.auth.external import IDENTITIES, Identity
from domain.auth.links import LINKS, Links, same_address
from domain.auth.model import SESSIONS, Client, Principal
from domain.auth.passwords import Passwords
from domain.auth.proofs import Proofs
from domain.auth.throttle import LoginThrottle
from domain.auth.trail import AuthTrail
from domain.core.cache import Cache
from domain.core.clock import Clock, seconds
from domain.core.collection import Changes, Database, Delete, Update, Write
from domain.core.errors import AppError, RateLimited, ValidationFailed
from domain.core.ids import UserId
from domain.core.limits import Limit, RateLimits
from domain.mail.mail import Mail
from domain.mail.messages import EmailChanged, PasswordChanged
from domain.users.model import USERS, User, user_tag
from domain.users.names import name_key, refuse_reserved, search_keys_of
from domain.users.users import Users

REFUSED = 5
"""How many of the last passwords, the present one included, cannot be chosen again."""

IDENTITIES_MOST = 100
"""More than there are providers, of which a user has one identity each."""

NEW_IDENTITY_S = 30 * 86_400.0
"""What was linked within so long does not outlive a reset: whoever had got in may have linked it."""

LINKS_PER_ADDRESS = Limit(20, 3600.0)
"""Mails that one client can have sent."""

LINKS_PER_MAILBOX = Limit(3, 3600.0)
"""Mails of one kind that one mailbox gets, whoever asks."""


class NotAGuest(AppError):
    """This account has a name and a password already."""

    code, status = "NOT_A_GUEST", 409


class EmailVerified(AppError):
    """This address has been confirmed already, or there is none."""

    code, status = "NOTHING_TO_VERIFY", 409


class Credentials:
    """The use cases of passwords and addresses."""

    def __init__(
        self,
        database: Database,
        users: Users,
        own_accounts: OwnAccounts,
        auth: Auth,
        *,
        proofs: Proofs,
        passwords: Passwords,
        throttle: LoginThrottle,
        limits: RateLimits,
        links: Links,
        mail: Mail,
        cache: Cache,
        trail: AuthTrail,
        clock: Clock,
    ) -> None:
        self._database, self._users, self._own_accounts, self._auth = database, users, own_accounts, auth
        self._identities, self._proofs = database.collection(IDENTITIES), proofs
        self._passwords, self._throttle, self._limits = passwords, throttle, limits
        self._cache = cache
        self._links, self._mail, self._trail, self._clock = links, mail, trail, clock

    async def upgrade(self, principal: Principal, command: Upgrade, client: Client) -> Me:
        """Gives the caller, who has none, a name and a password: same id, same sessions.

        Raises `NotAGuest`, `ValidationFailed`, `EmailTaken`, `UsernameTaken`, or what `Proofs.recent` raises.
        """
        user = await self._proofs.recent(principal, None, client)
        if user.password_hash is not None:
            raise NotAGuest
        refuse_reserved(command.username)
        email_key, display_name = name_key(command.email), command.display_name or command.username
        changes: Changes = {
            "$set": {
                "guest": False,
                "email": command.email,
                "email_key": email_key,
                "email_verified": user.email_verified and user.email_key == email_key,
                "username": command.username,
                "username_key": name_key(command.username),
                "display_name": display_name,
                "search_keys": search_keys_of(command.username, display_name),
                "password_hash": await self._passwords.first(command.password, command.own_words),
            },
            "$inc": {"version": 1},
        }
        await self._users.commit(
            Update(USERS, user.id, changes, expect={"version": user.version}),
            self._links.verification(user.changed(email_key=email_key), command.email, client),
            self._trail.entry("auth.upgraded", client, user.id),
        )
        await self._cache.invalidate(user_tag(user.id))
        upgraded = await self._users.get(principal.user_id)
        await self._throttle.trust(upgraded, client.address)
        return await self._own_accounts.me(upgraded)

    async def change_password(self, principal: Principal, command: ChangePassword, client: Client) -> None:
        """Another password, for one who knows the present one; ends all other sessions and mailed links.

        Raises `WrongPassword`, `NoPassword`, `RateLimited`, or `ValidationFailed` when the new one will not do.
        """
        user = await self._proofs.password(principal, command.password, client)
        kept: Changes = {"$set": {"epoch": user.epoch + 1}, "$inc": {"version": 1}}
        changed = await self._set_password(
            user,
            command.new_password,
            Update(SESSIONS, principal.session_id, kept),
            self._trail.entry("auth.password_changed", client, user.id),
        )
        await self._throttle.trust(changed, client.address)
        await self._auth.cut_off(principal.user_id, but=principal.session_id, reason="password_changed")

    async def request_reset(self, command: RequestReset, client: Client) -> None:
        """Has a link for another password mailed to that address, if it is an account's; raises `RateLimited`.

        Whether it is, the answer does not tell, nor how long it takes: a job finds out.
        """
        await self._spend_mail(client)
        if not await self._mailbox_full("reset", command.email):
            await self._database.commit(self._links.reset(command.email, client))

    async def reset(self, command: ResetPassword, client: Client) -> None:
        """Another password, for one who got the link; ends all sessions. The address is proved with it.

        Whoever resets a password may have been robbed: identities that were linked of late go. So do all of them if the
        address was not proved before, for then somebody else may have opened the account in its owner's name.

        Raises `LinkInvalid`, or `ValidationFailed` when the new password will not do; the link can be used again then.
        """
        link, user = await self._links.read(command.token, "reset_password")
        await self._set_password(
            user,
            command.new_password,
            Delete(LINKS, link.id),
            self._trail.entry("auth.password_reset", client, user.id),
            proved=True,
        )
        await self._auth.cut_off(UserId(user.id), reason="password_changed")
        await self._throttle.forgive(user)

    async def request_verification(self, principal: Principal, client: Client) -> None:
        """Mails the caller a link that proves their address; raises `EmailVerified` or `RateLimited`."""
        user = await self._users.get(principal.user_id)
        if user.email is None or user.email_verified:
            raise EmailVerified
        await self._verify(user, user.email, client)

    async def change_email(self, principal: Principal, command: ChangeEmail, client: Client) -> None:
        """Mails a link to another address, which becomes the caller's once they use it.

        Raises `WrongPassword`, `NoPassword` or `RateLimited`. The link tells whether the address is somebody else's.
        """
        user = await self._proofs.password(principal, command.password, client)
        await self._verify(user, command.email, client)

    async def verify(self, command: VerifyEmail, client: Client) -> None:
        """The address that the link was mailed to is proved, and becomes the user's if it was not.

        Raises `LinkInvalid` or `EmailTaken`.
        """
        link, user = await self._links.read(command.token, "verify_email")
        changes: Changes = {
            "$set": {"email": link.email, "email_key": name_key(link.email), "email_verified": True},
            "$inc": {"version": 1},
        }
        writes: list[Write] = [
            Delete(LINKS, link.id),
            Update(USERS, user.id, changes, expect={"version": user.version}),
        ]
        if same_address(link, user):
            writes.append(self._trail.entry("auth.email_verified", client, user.id))
        else:
            writes.append(self._trail.entry("auth.email_changed", client, user.id))
            if user.email:
                notice = EmailChanged(name=user.display_name, at=self._clock.now())
                writes.append(self._mail.later(user.id, user.email, notice))
        await self._users.commit(*writes)

    async def _set_password(self, user: User, password: str, *writes: Write, proved: bool = False) -> User:
        """Stores another password together with `writes`, ends what came before it, and mails the user a notice.

        Places that were trusted are so no more: their keys have the hash in them. Answers the user with the new one.

        proved: whether it was their address that proved who they are. Raises `ValidationFailed` when the password will
        not do, `Conflict` when the user has changed meanwhile.
        """
        await self._refuse_weak(user, password)
        former = (user.password_hash, *user.former_hashes)[: REFUSED - 1] if user.password_hash else ()
        doubtful = await self._doubtful(user) if proved else []
        unlinked = tuple(identity.provider for identity in doubtful)
        left = tuple(provider for provider in user.identities if provider not in unlinked)
        hashed = await self._passwords.hash(password)
        changes: Changes = {
            "$set": {
                "password_hash": hashed,
                "former_hashes": former,
                "email_verified": user.email_verified or proved,
                "identities": left,
            },
            "$inc": {"epoch": 1, "version": 1},
        }
        notice = PasswordChanged(name=user.display_name, at=self._clock.now(), identities=left, unlinked=unlinked)
        told = [self._mail.later(user.id, user.email, notice)] if user.email else []
        unlinking = [Delete(IDENTITIES, identity.id) for identity in doubtful]
        await self._database.commit(
            Update(USERS, user.id, changes, expect={"version": user.version}), *unlinking, *writes, *told
        )
        return user.changed(password_hash=hashed)

    async def _doubtful(self, user: User) -> list[Identity]:
        """The identities that somebody else may have linked. The one that the account began with is not among them."""
        found = await self._identities.find({"user_id": user.id}, limit=IDENTITIES_MOST)
        since = max(user.created_at, self._clock.now() - seconds(NEW_IDENTITY_S))
        return [identity for identity in found if not user.email_verified or identity.linked_at > since]

    async def _refuse_weak(self, user: User, password: str) -> None:
        """Raises `ValidationFailed` for a password that is easy to guess, or one of the user's last ones."""
        own_words = [word for word in (user.email, user.username, user.display_name) if word]
        problem = await self._passwords.weakness(password, own_words)
        former = [hashed for hashed in (user.password_hash, *user.former_hashes) if hashed]
        if not problem and any([await self._passwords.matches(password, hashed) for hashed in former]):
            problem = f"was one of your last {REFUSED} passwords"
        if problem:
            raise ValidationFailed([{"field": "newPassword", "message": problem}])

    async def _verify(self, user: User, email: str, client: Client) -> None:
        """Mails a link that proves the address; raises `RateLimited`."""
        await self._spend_mail(client)
        if wait_ms := await self._mailbox_full("verify", email):
            raise RateLimited(wait_ms)
        await self._database.commit(self._links.verification(user, email, client))

    async def _mailbox_full(self, kind: str, email: str) -> int:
        """Milliseconds until that mailbox gets another mail of the kind, or 0, and then it is counted.

        Kinds have counts of their own, so that nobody keeps the owner's mail away by asking for the other one.
        """
        mailbox = sha256(name_key(email).encode()).hexdigest()[:32]
        return await self._limits.take(f"mail:{kind}:{mailbox}", LINKS_PER_MAILBOX)

    async def _spend_mail(self, client: Client) -> None:
        if wait_ms := await self._limits.take(f"mail:client:{client.address}", LINKS_PER_ADDRESS):
            raise RateLimited(wait_ms)
