"""When a timetable's line comes next."""

from datetime import UTC, datetime

from cronsim import CronSim, CronSimError


def moment_after(expression: str, moment: datetime) -> datetime:
    """The first moment after `moment` of a cron expression (UTC; five fields, or six with the seconds in front).

    Raises `ValueError`.
    """
    try:
        return next(CronSim(expression, moment.astimezone(UTC)))
    except (CronSimError, StopIteration) as error:
        raise ValueError(f"{expression!r} is not a cron expression: {error}") from error
