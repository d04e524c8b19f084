"""What the engine is told once, at its start."""

from dataclasses import dataclass

from realtime.limits import Rate, TokenBucket

FRAMES = Rate(per_s=100, burst=400)
FRAME_BYTES = Rate(per_s=256 * 1024, burst=1024 * 1024)
CONNECTS = Rate(per_s=1, burst=20)


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """Limits and times of the connections.

    cors_origins: browser origins besides the server's own, "*" for all. trusted_proxies: reverse proxies in front that
    say where a client comes from. message_limit_bytes: of one message from a client, and of an event's attachments
    together. connect_timeout_s: to send an HTTP request, and then to enter a namespace. inbox_size: events of one
    client in one namespace that may wait. patience: so many refusals in a row close the connection. outbox_bytes,
    all_outboxes_bytes: of what waits for a client that does not read, and for all of them; beyond, the client or the
    slowest of them is cut off. frames, frame_bytes, connects: how fast a connection may send frames, their bytes, and
    CONNECTs. connections_per_address: at once, 0 for any number. rate_limit_scale: multiplies those four; 0 switches
    them off.
    """

    transports: tuple[str, ...] = ("websocket",)
    cors_origins: tuple[str, ...] = ()
    trusted_proxies: int = 0
    message_limit_bytes: int = 65_536
    ping_interval_s: float = 25.0
    ping_timeout_s: float = 20.0
    connect_timeout_s: float = 10.0
    inbox_size: int = 64
    patience: int = 64
    outbox_bytes: int = 256 * 1024
    all_outboxes_bytes: int = 256 * 1024 * 1024
    frames: Rate = FRAMES
    frame_bytes: Rate = FRAME_BYTES
    connects: Rate = CONNECTS
    connections_per_address: int = 1000
    rate_limit_scale: float = 1.0

    def bucket(self, rate: Rate) -> TokenBucket | None:
        """A bucket for the rate, scaled; None where limits are off."""
        return TokenBucket(rate.times(self.rate_limit_scale)) if self.rate_limit_scale else None
