"""All that is kept on a person, for themselves (Articles 15 and 20 of the GDPR)."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
from pydantic.alias_generators import to_camel

from domain.audit.audit import Audit
from domain.audit.model import Actor
from domain.core.clock import Clock
from domain.core.collection import Database
from domain.core.ids import UserId
from domain.core.model import Document
from domain.privacy.holdings import HOLDINGS, Holding, pages


class Exports:
    """The use case of giving people what is kept on them."""

    def __init__(self, database: Database, audit: Audit, clock: Clock) -> None:
        self._database, self._audit, self._clock = database, audit, clock

    async def of(self, user: UserId, *, address: str | None = None) -> AsyncIterator[bytes]:
        """One JSON object, part by part: `{userId, exportedAt, <kind>: [document, ...], ...}`.

        It is read page by page, so that what somebody has in years takes no more memory than what they have in a day.
        That it was taken, from that address, is on record before the first part.
        """
        actor = Actor(kind="user", id=user, address=address)
        await self._database.commit(self._audit.entry("user.exported", actor, f"user:{user}"))
        yield b'{"userId":%b,"exportedAt":%b' % (
            orjson.dumps(user),
            orjson.dumps(self._clock.now(), option=orjson.OPT_UTC_Z),
        )
        for holding in HOLDINGS:
            filter = await holding.for_export(self._database, user)
            if filter is None:
                continue
            yield b',"%b":[' % to_camel(holding.spec.name).encode()
            comma = b""
            async for page in pages(self._database, holding.spec, filter):
                yield comma + b",".join(orjson.dumps(_shown(holding, document, user)) for document in page)
                comma = b","
            yield b"]"
        yield b"}\n"


def _shown(holding: Holding[Any], document: Document, user: UserId) -> dict[str, Any]:
    secret = set(holding.secret(document, user))
    return document.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=secret)
