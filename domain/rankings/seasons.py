"""What time does to a rating: decay while nobody plays, and the soft reset of a new season. Pure.

It is worked out whenever a rating is read, so no job has to touch them all, and `at(at(r, t1), t2) == at(r, t2)`.
"""

from datetime import datetime, timedelta

from domain.games.rating import Decay, RatingRules, Season
from domain.rankings.model import PlayerRating
from domain.users.model import DEFAULT_MU, DEFAULT_SIGMA

DAY = timedelta(days=1)


def season_at(rules: RatingRules, now: datetime) -> str:
    """The name of the season that runs at `now`, empty if none does."""
    begun = _begun(rules, now)
    return begun[-1].name if begun else ""


def at(rating: PlayerRating, rules: RatingRules, now: datetime) -> PlayerRating:
    """The rating as it is at `now`: each season that has begun since its own resets it once, and decay goes on."""
    for season in _since(_begun(rules, now), rating.season):
        rating = _reset(_decayed(rating, rules.decay, season.starts_at), season)
    return _decayed(rating, rules.decay, now)


def _begun(rules: RatingRules, now: datetime) -> list[Season]:
    return [season for season in rules.seasons if season.starts_at <= now]


def _since(begun: list[Season], last: str) -> list[Season]:
    """The seasons behind that of a rating. One that the catalogue does not list any more is older than all."""
    names = [season.name for season in begun]
    return begun[names.index(last) + 1 :] if last in names else begun


def _reset(rating: PlayerRating, season: Season) -> PlayerRating:
    """Mu and sigma move the same share of the way, so the order of the ordinals stays as well."""
    share = season.soft_reset
    return rating.changed(
        season=season.name,
        mu=rating.mu + share * (DEFAULT_MU - rating.mu),
        sigma=rating.sigma + share * max(0.0, DEFAULT_SIGMA - rating.sigma),
        matches=0,
        wins=0,
    )


def _decayed(rating: PlayerRating, decay: Decay | None, now: datetime) -> PlayerRating:
    """Sigma after the idle time between `updated_at` and `now`; it never shrinks by this."""
    if now <= rating.updated_at:
        return rating
    sigma = rating.sigma
    if decay is not None:
        idle_from = max(rating.updated_at, rating.played_at + decay.after_days * DAY)
        grown = sigma + decay.sigma_per_day * max(0.0, (now - idle_from) / DAY)
        sigma = max(sigma, min(grown, decay.sigma_max))
    return rating.changed(sigma=sigma, updated_at=now)
