"""What a result says of the players' strength: the Plackett-Luce model, in rating points. Pure."""

from collections.abc import Sequence

from openskill.models import PlackettLuce

from domain.users.model import DEFAULT_MU, DEFAULT_SIGMA, Rating

BETA = DEFAULT_SIGMA / 2
"""How much a player's performance varies from match to match (standard deviation)."""

TAU = DEFAULT_MU / 300
"""How much strength may have changed since the last match: it keeps sigma from shrinking to nothing."""

_MODEL = PlackettLuce(mu=DEFAULT_MU, sigma=DEFAULT_SIGMA, beta=BETA, tau=TAU)
"""Algorithm 4 of Weng and Lin, "A Bayesian Approximation Method for Online Ranking", JMLR 12 (2011), 267-300.

The parameters have the proportions of openskill's defaults (mu 25, sigma mu/3, beta sigma/2, tau mu/300).
"""


def rated(teams: Sequence[Sequence[Rating]], ranks: Sequence[int]) -> list[list[Rating]]:
    """The ratings after a match, placed as `teams`. ranks: of each team, lower is better, equal ones drew.

    At least two teams, none of them empty; in a free-for-all each player is a team.
    """
    before = [[_MODEL.rating(mu=rating.mu, sigma=rating.sigma) for rating in team] for team in teams]
    after = _MODEL.rate(before, ranks=[float(rank) for rank in ranks])
    return [[Rating.of(player.mu, player.sigma) for player in team] for team in after]
