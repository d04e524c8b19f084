"""Identity providers as they stand in the settings, and as they are asked."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr

from domain.auth.external import IdentityProvider
from domain.core.clock import Clock
from domain.core.model import Model
from storage.outbound.oidc import OidcProvider
from storage.outbound.steam import SteamProvider
from storage.outbound.web import Web

ServerUrl = Annotated[str, Field(pattern=r"^https?://[^\s?#]+$")]
ProviderName = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]


class OidcConfig(Model):
    """A provider that speaks OpenID Connect. audience: the client id under which it knows the game."""

    kind: Literal["oidc"]
    issuer: ServerUrl
    audience: str = Field(min_length=1)
    jwks_url: ServerUrl | None = None

    @property
    def urls(self) -> tuple[str, ...]:
        """Where requests go."""
        return (self.issuer, self.jwks_url) if self.jwks_url else (self.issuer,)


class SteamConfig(Model):
    """Steam."""

    kind: Literal["steam"]
    app_id: int = Field(gt=0)
    key: SecretStr
    identity: str = Field(min_length=1)
    url: ServerUrl = "https://partner.steam-api.com"

    @property
    def urls(self) -> tuple[str, ...]:
        """Where requests go."""
        return (self.url,)


ProviderConfig = Annotated[OidcConfig | SteamConfig, Field(discriminator="kind")]


def _decoded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value  # its error is a ValueError


ProviderConfigs = Annotated[dict[ProviderName, ProviderConfig], BeforeValidator(_decoded)]


def identity_providers(
    configs: Mapping[str, OidcConfig | SteamConfig], clock: Clock, *, private: bool
) -> dict[str, IdentityProvider]:
    """The providers by name. private: whether they may have addresses that are not public."""
    web = Web(private=private)
    return {name: _provider(config, web, clock) for name, config in configs.items()}


def _provider(config: OidcConfig | SteamConfig, web: Web, clock: Clock) -> IdentityProvider:
    if isinstance(config, OidcConfig):
        return OidcProvider(web, clock, issuer=config.issuer, audience=config.audience, jwks_url=config.jwks_url)
    return SteamProvider(
        web, url=config.url, app_id=config.app_id, key=config.key.get_secret_value(), identity=config.identity
    )
