"""What operators see of the jobs. A port."""

from typing import Literal

from domain.jobs.model import Job, JobStatus

Outcome = Literal["done", "retried", "dead", "lost"]
"""What became of an attempt. lost: its lease ran out, or the queue could not be told how it ended."""


class JobMetrics:
    """Is told how it goes. This one drops what it is told."""

    def ended(self, job: Job, outcome: Outcome, seconds: float) -> None:
        """An attempt at the job came to its end after so long."""

    def counted(self, kind: str, status: JobStatus, jobs: int) -> None:
        """So many jobs of that kind are in that state."""

    def oldest(self, kind: str, seconds: float) -> None:
        """The job of that kind that has been due the longest, anywhere, has been so for so long; 0 when none is."""

    def uncounted(self) -> None:
        """Another worker counts the jobs from now on."""


UNWATCHED = JobMetrics()
