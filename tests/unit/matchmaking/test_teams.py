"""Teams are legal exactly where a brute force says so, and as even as it finds them."""

import math
from itertools import permutations, product
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.core.ids import TicketId, UserId
from domain.games.model import Teams
from domain.matchmaking.pairing import balance
from domain.matchmaking.pairing.balance import BETA
from domain.matchmaking.pairing.teams import Arrangement, Player, Unit, arrange, arrange_solos, gaps, needs, packs

PREMIUM = 25.0
ROLES = ["tank", "support", "damage"]


def unit(
    number: int, size: int = 1, *, mu: float = 1500, sigma: float = 100, roles: str = "", team: int | None = None
) -> Unit:
    players = tuple(Player(UserId(f"u{number}-{place}"), mu, sigma) for place in range(size))
    return Unit(TicketId(f"t{number:03}"), players, frozenset(roles.split()), team)


@st.composite
def small_matches(draw: st.DrawFn) -> tuple[list[Unit], Teams]:
    """Up to six units that add up to the teams, with parties, roles and players who sit in a team already."""
    count, size = draw(st.sampled_from([(2, 1), (2, 2), (2, 3), (2, 4), (3, 2), (3, 1), (4, 1)]))
    roles = draw(st.none() | st.dictionaries(st.sampled_from(ROLES), st.integers(1, 2), min_size=1))
    if roles and sum(roles.values()) > size:
        roles = None
    left = count * size
    units: list[Unit] = []
    while left:
        players = draw(st.integers(1, min(left, size)))
        units.append(
            unit(
                len(units),
                players,
                mu=draw(st.integers(800, 2200)),
                sigma=draw(st.integers(50, 500)),
                roles=" ".join(draw(st.sets(st.sampled_from(ROLES)))),
                team=draw(st.sampled_from([None, None, None, *range(count)])),
            )
        )
        left -= players
    return units, Teams(count=count, size=size, roles=roles)


def roles_can_be_filled(roster: list[Unit], roles: dict[str, int]) -> bool:
    wanted = [role for role, number in roles.items() for _ in range(number)]
    able = [unit.roles for unit in roster for _ in unit.players]
    return any(
        all(not roles or role in roles for role, roles in zip(wanted, chosen, strict=True))
        for chosen in permutations(able, len(wanted))
    )


def predicted_gap(rosters: list[list[Unit]]) -> float:
    """The largest difference between the chances of two teams, in the words of the definition."""
    sums = [
        (
            sum(player.mu + PREMIUM * (len(unit.players) - 1) for unit in roster for player in unit.players),
            sum(player.sigma**2 for unit in roster for player in unit.players),
            sum(len(unit.players) for unit in roster),
        )
        for roster in rosters
    ]
    worst = 0.0
    for a, b in permutations(sums, 2):
        chance = 0.5 * (1 + math.erf((a[0] - b[0]) / math.sqrt((a[2] + b[2]) * BETA**2 + a[1] + b[1]) / math.sqrt(2)))
        worst = max(worst, abs(2 * chance - 1))
    return worst


def least_gap(units: list[Unit], teams: Teams) -> float | None:
    """The least gap of all legal arrangements; None if there is none."""
    best = None
    for places in product(range(teams.count), repeat=len(units)):
        rosters = [[u for u, place in zip(units, places, strict=True) if place == team] for team in range(teams.count)]
        if (
            all(sum(len(u.players) for u in roster) == teams.size for roster in rosters)
            and all(u.team in (None, place) for u, place in zip(units, places, strict=True))
            and all(roles_can_be_filled(roster, teams.roles or {}) for roster in rosters)
        ):
            found = predicted_gap(rosters)
            best = found if best is None else min(best, found)
    return best


def assert_legal(arrangement: Arrangement, units: list[Unit], teams: Teams) -> None:
    placed = {user: team for team, users in enumerate(arrangement.teams) for user in users}
    assert sorted(placed) == sorted(player.user_id for unit in units for player in unit.players)
    assert [len(users) for users in arrangement.teams] == [teams.size] * teams.count
    for u in units:
        (team,) = {placed[player.user_id] for player in u.players}
        assert u.team in (None, team)
        for player in u.players:
            role = arrangement.roles.get(player.user_id)
            assert role is None or not u.roles or role in u.roles
    for users in arrangement.teams:
        had = [arrangement.roles[user] for user in users if user in arrangement.roles]
        assert {role: had.count(role) for role in had} == (teams.roles or {})


@given(small_matches())
def test_teams_are_legal_and_the_fairest_of_all(match: tuple[list[Unit], Teams]) -> None:
    units, teams = match
    arrangement, least = arrange(units, teams, PREMIUM), least_gap(units, teams)
    assert (arrangement is None) == (least is None)
    if arrangement is not None and least is not None:
        assert_legal(arrangement, units, teams)
        assert arrangement.gap == pytest.approx(least, abs=1e-9)


@given(small_matches())
def test_what_cannot_be_enumerated_is_still_legal_exactly_where_it_can_be(match: tuple[list[Unit], Teams]) -> None:
    units, teams = match
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("domain.matchmaking.pairing.teams.all_splits", lambda *_: None)
        arrangement = arrange(units, teams, PREMIUM)
    assert (arrangement is None) == (arrange(units, teams, PREMIUM) is None)
    if arrangement is not None:
        assert_legal(arrangement, units, teams)


@given(small_matches(), st.randoms(use_true_random=False))
def test_the_order_of_the_tickets_does_not_matter(match: tuple[list[Unit], Teams], dice: Random) -> None:
    units, teams = match
    assert arrange(units, teams, PREMIUM) == arrange(dice.sample(units, len(units)), teams, PREMIUM)


def test_too_few_or_too_many_players_are_no_match() -> None:
    teams = Teams(count=2, size=2)
    assert arrange([unit(n) for n in range(3)], teams, PREMIUM) is None
    assert arrange([unit(n) for n in range(5)], teams, PREMIUM) is None


def test_who_named_a_role_gets_one_before_who_plays_anything() -> None:
    units = [unit(0, team=0), unit(1, roles="tank", team=0), unit(2, team=1), unit(3, roles="tank", team=1)]
    arrangement = arrange(units, Teams(count=2, size=2, roles={"tank": 1}), PREMIUM)
    assert arrangement is not None
    assert arrangement.roles == {"u1-0": "tank", "u3-0": "tank"}


def test_a_new_player_counts_for_less_than_a_known_one() -> None:
    duel = Teams(count=2, size=1)
    known = arrange([unit(0, mu=1700, sigma=60), unit(1, mu=1500, sigma=60)], duel, PREMIUM)
    new = arrange([unit(0, mu=1700, sigma=60), unit(1, mu=1500, sigma=500)], duel, PREMIUM)
    assert known is not None
    assert new is not None
    assert new.gap < known.gap - 0.1


@pytest.mark.parametrize(("count", "size"), [(3, 20), (10, 3), (2, 50), (100, 1), (4, 8)])
def test_large_matches_of_parties_with_roles_are_legal_and_even(count: int, size: int) -> None:
    """In each team somebody plays each role and nothing else, so that a legal arrangement exists."""
    dice = Random(7)
    units: list[Unit] = []
    for _ in range(count):
        wanted = ROLES if size >= 4 else []
        units += [unit(len(units) + n, mu=dice.gauss(1500, 200), roles=role) for n, role in enumerate(wanted)]
        left = size - len(wanted)
        while left:
            players = dice.randint(1, min(left, 2)) if size >= 4 else 1
            units.append(unit(len(units), players, mu=dice.gauss(1500, 200), roles=dice.choice(ROLES)))
            left -= players
    teams = Teams(count=count, size=size, roles=dict.fromkeys(ROLES, 1) if size >= 4 else None)
    arrangement = arrange(units, teams, PREMIUM)
    assert arrangement is not None
    assert_legal(arrangement, units, teams)
    assert size == 1 or arrangement.gap < (0.01 if count == 2 else 0.25)


def test_parties_that_cannot_be_packed_are_no_match_even_in_large_numbers() -> None:
    """Every team of five would need a solo player beside two duos."""
    units = [unit(n, 2) for n in range(48)] + [unit(n, 1) for n in range(48, 52)]
    assert arrange(units, Teams(count=20, size=5), PREMIUM) is None


@pytest.mark.parametrize(("count", "size"), [(2, 1), (2, 2), (2, 5), (3, 2), (3, 3)])
def test_many_solo_matches_at_once_are_as_even_as_one_by_one(count: int, size: int) -> None:
    rng = np.random.default_rng(3)
    mu, sigma = rng.normal(1500, 300, (20, count * size)), rng.uniform(50, 500, (20, count * size))
    split = arrange_solos(mu, sigma, count, size)
    together = gaps(mu, sigma, split, count)
    for row in range(20):
        units = [unit(n, mu=mu[row, n], sigma=sigma[row, n]) for n in range(count * size)]
        alone = arrange(units, Teams(count=count, size=size), PREMIUM)
        assert alone is not None
        assert together[row] == pytest.approx(alone.gap, abs=1e-9)


@pytest.mark.parametrize(("count", "size"), [(2, 8), (3, 20), (10, 3), (2, 50), (7, 1)])
def test_exchanges_fill_every_team_and_leave_it_no_less_even_than_the_snake(count: int, size: int) -> None:
    rng = np.random.default_rng(5)
    mu, sigma = rng.normal(1500, 300, (30, count * size)), np.full((30, count * size), 100.0)
    split, snake = arrange_solos(mu, sigma, count, size), balance._snake(mu, count)
    for row in split:
        assert np.bincount(row, minlength=count).tolist() == [size] * count
    assert gaps(mu, sigma, split, count).mean() <= gaps(mu, sigma, snake, count).mean()
    assert size == 1 or gaps(mu, sigma, split, count).mean() < 0.5 * gaps(mu, sigma, snake, count).mean()


@pytest.mark.parametrize(
    ("sizes", "fit"), [((5, 5), True), ((4, 3, 2, 1), True), ((3, 3, 3, 1), False), ((2,) * 5, False)]
)
def test_parties_fill_two_teams_of_five_or_do_not(sizes: tuple[int, ...], fit: bool) -> None:
    assert packs(sizes, 2, 5) == fit


def test_a_match_needs_players_for_each_set_of_roles() -> None:
    roles = [frozenset({"tank"}), frozenset({"support"}), frozenset[str]()]
    found = [(able.tolist(), players) for able, players in needs(roles, Teams(count=2, size=2, roles={"tank": 1}))]
    assert found == [([True, False, True], 2)]
