"""What the engine is told once, at its start."""

from dataclasses import dataclass

from realtime.limits import Rate, TokenBucket

FRAMES = Rate(per_s=100, burst=400)
FRAME_BYTES = Rate(per_s=256 * 1024, burst=1024 * 1024)
CONNECTS = Rate(per_s=1, burst=20)


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """Limits and times of the connections.

    cors_origins: browser origins besides the server's own, "*" for all. message_limit_bytes: of one message from a
    client. connect_timeout_s: a connection without a namespace for so long is closed. inbox_size: events of one client
    in one namespace that may wait. patience: so many refusals in a row close the connection. outbox_bytes: of what
    waits for a client that does not read; beyond, it is cut off. frames, frame_bytes, connects: how fast a connection
    may send frames, their bytes, and CONNECTs. rate_limit_scale: multiplies those three; 0 switches them off.
    """

    transports: tuple[str, ...] = ("websocket",)
    cors_origins: tuple[str, ...] = ()
    message_limit_bytes: int = 65_536
    ping_interval_s: float = 25.0
    ping_timeout_s: float = 20.0
    connect_timeout_s: float = 10.0
    inbox_size: int = 64
    patience: int = 64
    outbox_bytes: int = 2 * 1024 * 1024
    frames: Rate = FRAMES
    frame_bytes: Rate = FRAME_BYTES
    connects: Rate = CONNECTS
    rate_limit_scale: float = 1.0

    def buckets(self, *rates: Rate) -> tuple[TokenBucket, ...]:
        """A bucket for each of the rates, scaled; none where limits are off."""
        return tuple(TokenBucket(rate.times(self.rate_limit_scale)) for rate in rates if self.rate_limit_scale)
