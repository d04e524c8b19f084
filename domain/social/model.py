"""Relations between players, as stored and as sent."""

from domain.core.collection import Spec
from domain.core.ids import UserId
from domain.core.model import Document, Model, Timestamp


class Block(Document):
    """One player wants nothing to do with another. The id is `<blocker>:<blocked>`."""

    blocker_id: UserId
    blocked_id: UserId
    created_at: Timestamp


BLOCKS = Spec("blocks", Block, indexes=(("blocker_id", "blocked_id"),))


class BlockView(Model):
    """A block as the player who made it sees it."""

    user_id: UserId
    created_at: Timestamp


class Friendship(Document):
    """Two players who are friends, or of whom one has asked the other. The id is `<lesser id>:<greater id>`.

    accepted_at: missing while it is but a request of `asked_by`.
    """

    user_ids: tuple[UserId, ...]
    asked_by: UserId
    accepted_at: Timestamp | None = None
    created_at: Timestamp


FRIENDSHIPS = Spec("friendships", Friendship, indexes=(("user_ids", "accepted_at"), ("asked_by",)))
