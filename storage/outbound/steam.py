"""Identities from Steam: session tickets, which its Web API knows the owners of."""

import re

from domain.auth.external import ExternalTokenInvalid, Vouched
from storage.outbound.web import Web

TICKET = re.compile("[0-9a-fA-F]{2,5120}")
PATH = "/ISteamUserAuth/AuthenticateUserTicket/v1/"


class SteamProvider:
    """Asks Steam about tickets for one game.

    url: of the Web API. app_id: of the game. key: of its publisher. identity: what the client names the server by when
    it asks Steam for a ticket (`GetAuthTicketForWebApi`), so that a ticket for another server is none for us.
    """

    def __init__(self, web: Web, *, url: str, app_id: int, key: str, identity: str) -> None:
        self._web, self._url = web, url.rstrip("/") + PATH
        self._query = {"appid": str(app_id), "key": key, "identity": identity}

    async def identify(self, token: str, nonce: str | None) -> Vouched:
        if nonce is not None or not TICKET.fullmatch(token):
            raise ExternalTokenInvalid
        answer = (await self._web.get(self._url, {**self._query, "ticket": token})).get("response")
        said = answer.get("params") if isinstance(answer, dict) else None
        steam_id = said.get("steamid") if isinstance(said, dict) and said.get("result") == "OK" else None
        if not isinstance(steam_id, str) or not re.fullmatch("[0-9]{1,20}", steam_id):
            raise ExternalTokenInvalid
        return Vouched(steam_id)
