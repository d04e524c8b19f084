"""The jobs of the chat: who does them, and when those that come by themselves do."""

from domain.chat.erasure import ERASURE_JOB, Erasure
from domain.chat.media import THUMBNAIL_JOB, ChatMedia
from domain.chat.retention import RETENTION_JOB, Retention
from domain.core.ids import MediaId
from domain.jobs.model import Job
from domain.jobs.runner import JobRunner
from maoga.process import report

COLLECT_JOB = "chat_media_collect"


def add_chores(runner: JobRunner, media: ChatMedia, retention: Retention, erasure: Erasure) -> None:
    """Lets the runner do the jobs of the chat."""

    async def make_thumbnail(job: Job) -> None:
        await media.make_thumbnail(MediaId(job.payload["mediaId"]))

    async def collect(_: Job) -> None:
        await media.collect(report)

    runner.handle(THUMBNAIL_JOB, make_thumbnail)
    runner.handle(COLLECT_JOB, collect, timeout_s=600)
    runner.handle(RETENTION_JOB, retention.run, timeout_s=1800)
    runner.handle(ERASURE_JOB, erasure.run, timeout_s=600)
    runner.cron("messages that are old", "17 3 * * *", RETENTION_JOB)
    runner.cron("images nobody shows", "*/10 * * * *", COLLECT_JOB)
