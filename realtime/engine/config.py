"""What the engine is told once, at its start."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """Limits and times of the connections.

    cors_origins: browser origins besides the server's own, "*" for all. message_limit_bytes: of one message from a
    client. connect_timeout_s: a connection without a namespace for so long is closed. inbox_size: events of one client
    in one namespace that may wait. patience: so many refusals in a row close the connection.
    """

    transports: tuple[str, ...] = ("websocket",)
    cors_origins: tuple[str, ...] = ()
    message_limit_bytes: int = 65_536
    ping_interval_s: float = 25.0
    ping_timeout_s: float = 20.0
    connect_timeout_s: float = 10.0
    inbox_size: int = 64
    patience: int = 64
