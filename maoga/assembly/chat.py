"""Puts the use cases of the chat together."""

from datetime import timedelta

from domain.chat.attachments import Attachments
from domain.chat.cases import ChatCases
from domain.chat.channels import Channels
from domain.chat.chat import Chat
from domain.chat.contacts import Contacts, Encounters
from domain.chat.directs import Directs
from domain.chat.erasure import Erasure
from domain.chat.filtering import Filtering, ModerationHook, WordFilter
from domain.chat.groups import Groups
from domain.chat.held import Held
from domain.chat.media import THUMBNAIL_JOB, ChatMedia
from domain.chat.mentions import Mentions
from domain.chat.messages import Messages
from domain.chat.metrics import UNWATCHED, ChatMetrics
from domain.chat.moderation import Moderation
from domain.chat.pace import Pace
from domain.chat.reads import Reads
from domain.chat.retention import RETENTION_JOB, Retention, RetentionConfig
from domain.chat.sequencer import Sequencer
from domain.chat.typing import TypingNews
from domain.chat.wordlist import WordList
from domain.core.clock import Clock
from domain.core.collection import Database
from domain.core.events import Outbox, Publisher
from domain.core.ids import MediaId, new_id
from domain.core.images import MediaStore
from domain.core.limits import RateLimits
from domain.jobs.jobs import Jobs
from domain.jobs.model import Job
from domain.jobs.runner import JobRunner
from domain.notifications.notifications import Notifications
from domain.social.blocks import Blocks
from domain.social.friends import Friends
from domain.social.privacy import Privacy
from domain.users.users import Users
from maoga.process import report
from maoga.settings import Settings
from storage.media.imaging import ChildImaging

COLLECT_JOB = "chat_media_collect"


def build_chat(
    settings: Settings,
    *,
    store: MediaStore,
    database: Database,
    publisher: Publisher,
    outbox: Outbox,
    users: Users,
    blocks: Blocks,
    friends: Friends,
    privacy: Privacy,
    encounters: Encounters,
    notifications: Notifications,
    limits: RateLimits,
    jobs: Jobs,
    runner: JobRunner,
    clock: Clock,
    metrics: ChatMetrics = UNWATCHED,
) -> ChatCases:
    """The chat on open storage. limits: unscaled, for slow mode is no protection of the server."""
    sequencer = Sequencer(database, publisher, metrics)
    channels = Channels(database, outbox, sequencer, clock)
    contacts = Contacts(blocks, friends, privacy, encounters)
    media = ChatMedia(
        database=database,
        store=store,
        imaging=ChildImaging(),
        channel_of=channels.of,
        jobs=jobs,
        outbox=outbox,
        clock=clock,
        new_id=new_id,
        review=settings.media_review,
    )
    held = Held(database=database, publisher=publisher, clock=clock)
    chat = Chat(
        database=database,
        channels=channels,
        sequencer=sequencer,
        contacts=contacts,
        mentions=Mentions(database, users, blocks, notifications, clock),
        notifications=notifications,
        pace=Pace(limits, clock, settings.rate_limit_scale),
        clock=clock,
        new_id=new_id,
        checks=[Filtering(_hooks(settings), held), Attachments(media, settings.gif_hosts)],
    )
    reads = Reads(database=database, channels=channels, blocks=blocks, outbox=outbox, clock=clock)
    groups = Groups(channels=channels, reads=reads, contacts=contacts, users=users, clock=clock, new_id=new_id)
    erasure = Erasure(
        database=database,
        groups=groups,
        media=media,
        clock=clock,
        keep_content=settings.chat_erased_content == "keep",
    )
    retention = Retention(
        database=database,
        media=media,
        jobs=jobs,
        clock=clock,
        report=report,
        config=RetentionConfig(_days(settings.chat_retention_days), _days(settings.chat_closed_days)),
    )
    _add_chores(runner, media, retention)
    return ChatCases(
        talk=chat,
        channels=channels,
        directs=Directs(channels=channels, contacts=contacts, users=users, clock=clock),
        groups=groups,
        messages=Messages(database=database, channels=channels, chat=chat, outbox=outbox, clock=clock),
        media=media,
        moderation=Moderation(channels=channels, chat=chat, media=media, held=held, clock=clock),
        erasure=erasure,
        reads=reads,
        typing=TypingNews(chat, publisher, clock),
    )


def _hooks(settings: Settings) -> list[ModerationHook]:
    """Who judges messages. A studio's own hooks go here."""
    if settings.chat_words_file is None:
        return []
    words = WordList.parse(settings.chat_words_file.read_text("utf-8"))
    return [WordFilter(words, settings.chat_words_mode)]


def _days(count: float) -> timedelta | None:
    return timedelta(days=count) if count else None


def _add_chores(runner: JobRunner, media: ChatMedia, retention: Retention) -> None:
    """The jobs of the chat: who does them, and when those that come by themselves do."""

    async def make_thumbnail(job: Job) -> None:
        await media.make_thumbnail(MediaId(job.payload["mediaId"]))

    async def collect(_: Job) -> None:
        await media.collect(report)

    runner.handle(THUMBNAIL_JOB, make_thumbnail)
    runner.handle(COLLECT_JOB, collect, timeout_s=600)
    runner.handle(RETENTION_JOB, retention.run, timeout_s=1800)
    runner.cron("messages that are old", "17 3 * * *", RETENTION_JOB)
    runner.cron("images nobody shows", "*/10 * * * *", COLLECT_JOB)
