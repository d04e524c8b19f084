"""What operators see of the notifications. A port."""

from typing import Literal

Outcome = Literal["made", "unwanted", "delivered"]
"""made: written. unwanted: left out, for the user wants none of its type. delivered: published right after the write;
what an outage or a crash keeps from it a sweep delivers, uncounted."""


class NotificationMetrics:
    """Is told how it goes. This one drops what it is told."""

    def notification(self, kind: str, outcome: Outcome) -> None:
        """A notification of that kind has come so far."""


UNWATCHED = NotificationMetrics()
