"""The ports through which the use cases and the storage tell operators how it goes."""

from dataclasses import dataclass, field

from domain.chat.metrics import ChatMetrics
from domain.core.cache import CacheMetrics
from domain.core.watch import StorageMetrics
from domain.games.source import SourceMetrics
from domain.jobs.metrics import JobMetrics
from domain.lobbies.metrics import LobbyMetrics
from domain.matchmaking.metrics import MatchmakingMetrics
from domain.notifications.metrics import NotificationMetrics
from domain.presence.activity import ActivityMetrics


@dataclass(frozen=True, slots=True)
class Watch:
    """One of each; what is not given drops what it is told."""

    matchmaking: MatchmakingMetrics = field(default_factory=MatchmakingMetrics)
    lobbies: LobbyMetrics = field(default_factory=LobbyMetrics)
    chat: ChatMetrics = field(default_factory=ChatMetrics)
    notifications: NotificationMetrics = field(default_factory=NotificationMetrics)
    activity: ActivityMetrics = field(default_factory=ActivityMetrics)
    jobs: JobMetrics = field(default_factory=JobMetrics)
    cache: CacheMetrics = field(default_factory=CacheMetrics)
    source: SourceMetrics = field(default_factory=SourceMetrics)
    storage: StorageMetrics = field(default_factory=StorageMetrics)
