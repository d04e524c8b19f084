"""Images as evidence: whatever becomes of the message, moderators can look at them until their case is closed, and for
a month after that, for whoever asks again.

An image that nobody else sees any more waits with its file (`Media.held_for`) until no case holds it.
"""

from collections.abc import Sequence

from domain.chat.media import MEDIA, Media, file_of
from domain.core.collection import After, Changes, Database, Update
from domain.core.errors import NotFound
from domain.core.ids import MediaId, UserId
from domain.core.images import MediaStore
from domain.jobs.model import Job
from domain.reports.model import CASES, Evidence

HELD_S = 30 * 86_400.0
"""After the case is closed."""

LET_GO_JOB = "reports_let_go"
AT_ONCE = 100


class HeldImages:
    """Holds images, shows them, and lets them go."""

    def __init__(self, database: Database, store: MediaStore) -> None:
        self._store = store
        self._media, self._cases = database.collection(MEDIA), database.collection(CASES)

    @staticmethod
    def hold(evidence: Sequence[Evidence], case_id: str) -> list[Update[Media]]:
        """The writes that hold all images among the evidence; they conflict when one is removed in this very moment."""
        held: Changes = {"$addToSet": {"held_for": case_id}, "$inc": {"version": 1}}
        images = dict.fromkeys(one.image_id for one in evidence if one.image_id)
        return [Update(MEDIA, id, held, expect={"removed": False}) for id in images]

    async def open(self, viewer: str | None, media_id: MediaId) -> tuple[Media, bytes]:
        """An image that a case holds, and its bytes; raises `NotFound`, also to the player the case is about."""
        media = await self._media.get(media_id)
        cases = await self._cases.get_many(media.held_for) if media else {}
        if media is None or all(case.user_id == viewer for case in cases.values()):
            raise NotFound("There is no such image.")
        data = await self._store.get(file_of(media))
        if data is None:
            raise NotFound("There is no such image.")
        return media, data

    async def run(self, job: Job) -> None:
        """The job that follows the end of a case."""
        await self._let_go(job.payload["caseId"])

    async def forget(self, user: UserId) -> None:
        """Lets go what is held for the cases of somebody whose account is erased. Idempotent."""
        last: After | None = None
        while found := await self._cases.find({"user_id": user}, limit=AT_ONCE, after=last):
            for case in found:
                await self._let_go(case.id)
            last = (found[-1].id, found[-1].id)

    async def _let_go(self, case_id: str) -> None:
        free: Changes = {"$pull": {"held_for": case_id}, "$inc": {"version": 1}}
        while found := await self._media.find({"held_for": case_id}, limit=AT_ONCE):
            for media in found:
                await self._media.update(media.id, free)
