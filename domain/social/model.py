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
