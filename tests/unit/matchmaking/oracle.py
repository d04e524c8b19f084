"""The hard rules of matchmaking, said once more ticket by ticket: what the tests hold the matcher's groups against."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import combinations

from domain.core.ids import TicketId
from domain.games.model import Mode, Teams
from domain.games.rules import Composition, Distance, Equality, MaxLatency, Overlap, Step
from domain.matchmaking.pairing.matcher import Group
from domain.matchmaking.pool import PoolEntry, PoolKey


def breaches(group: Group, entries: Sequence[PoolEntry], key: PoolKey, mode: Mode, now: datetime) -> list[str]:
    """Every hard rule that a group, not a backfill, breaks when each ticket has relaxed by its plain waiting time."""
    members = [entry for entry in entries if entry.ticket_id in group.ticket_ids]
    return list(_breaches(group, members, key, mode, now))


def _breaches(group: Group, members: list[PoolEntry], key: PoolKey, mode: Mode, now: datetime) -> Iterator[str]:
    waited = {entry.ticket_id: (now - entry.queued_at).total_seconds() for entry in members}
    users = [player.user_id for entry in members for player in entry.players]
    if sorted(users) != sorted(user for team in group.teams for user in team):
        yield "not everybody is on exactly one team"
    for a, b in combinations(members, 2):
        yield from _pair(a, b, waited[a.ticket_id], waited[b.ticket_id], key, mode)
    for field, preference in (("regions", "region_preference"), ("languages", "language_preference")):
        named = [set(getattr(e.criteria, field)) for e in members if getattr(e.criteria, field)]
        if any(_needs(e, field, preference, mode, waited[e.ticket_id]) for e in members) and named:
            if not set.intersection(*named):
                yield f"no common {field}"
            if field == "regions" and any(group.region not in regions for regions in named):
                yield "played where not everybody wants"
    for rule in mode.matching.rules:
        if isinstance(rule, MaxLatency):
            for entry in members:
                most = bound(rule.limit, rule.expand, waited[entry.ticket_id])
                measured = entry.criteria.latency_ms
                if measured and most is not None and measured.get(group.region or "", 10**9) > most:
                    yield f"{entry.ticket_id} is too far from {group.region}"
        if isinstance(rule, Composition) and (rule.until_s is None or max(waited.values()) < rule.until_s):
            kind = {p.user_id: e.criteria.attributes.get(rule.attribute) for e in members for p in e.players}
            for side in group.teams if rule.per == "team" and mode.teams else [users]:
                for value, share in rule.counts.items():
                    if not share.min <= sum(kind[user] == value for user in side) <= share.max:
                        yield f"{rule.name}: wrong number of {value}"
        if not isinstance(rule, MaxLatency) and rule.required:
            missing = [entry for entry in members if rule.attribute not in entry.criteria.attributes]
            yield from (f"{rule.name}: {entry.ticket_id} has none" for entry in missing)
    yield from _size(group, members, mode, waited)
    if mode.teams:
        yield from _teams(group, members, mode.teams)


def _pair(a: PoolEntry, b: PoolEntry, a_waited: float, b_waited: float, key: PoolKey, mode: Mode) -> Iterator[str]:
    apart = abs(rating(a, key, mode) - rating(b, key, mode))
    for entry, waited in ((a, a_waited), (b, b_waited)):
        most = next(step.limit for step in reversed(mode.matching.skill) if step.after_s <= waited)
        if entry.criteria.skill_preference == "similar" and most is not None and apart > most + 1e-9:
            yield f"skill {apart} over {most}"
    for one, other in ((a, b), (b, a)):
        blocked = {user for player in one.players for user in player.blocked}
        if blocked & {player.user_id for player in other.players}:
            yield "blocked"
    for rule in mode.matching.rules:
        if isinstance(rule, Distance | Equality | Overlap) and _refuses(rule, a, b, min(a_waited, b_waited)):
            yield f"{rule.name}: refused"


def _refuses(rule: Distance | Equality | Overlap, a: PoolEntry, b: PoolEntry, fresher: float) -> bool:
    left, right = a.criteria.attributes.get(rule.attribute), b.criteria.attributes.get(rule.attribute)
    if left is None or right is None:
        return False
    if isinstance(rule, Equality):
        return left != right and (rule.until_s is None or fresher < rule.until_s)
    most = bound(rule.limit, rule.expand, fresher)
    if most is None:
        return False
    if isinstance(rule, Distance):
        assert isinstance(left, float) and isinstance(right, float)
        return abs(left - right) > most
    assert isinstance(left, list) and isinstance(right, list)
    return len(set(left) & set(right)) < most


def _needs(entry: PoolEntry, field: str, preference: str, mode: Mode, waited: float) -> bool:
    wish = getattr(entry.criteria, preference)
    named = bool(getattr(entry.criteria, field))
    return named and (wish == "strict" or (wish == "preferred" and waited < mode.matching.near_s))


def _size(group: Group, members: list[PoolEntry], mode: Mode, waited: dict[TicketId, float]) -> Iterator[str]:
    players = sum(len(entry.players) for entry in members)
    for entry in members:
        low, high = sizes(entry, mode)
        if not low <= players <= high:
            yield f"{entry.ticket_id} takes no group of {players}"
        if players < high and waited[entry.ticket_id] < mode.matching.full_s and not mode.teams:
            yield f"{entry.ticket_id} holds out for {high}"


def _teams(group: Group, members: list[PoolEntry], teams: Teams) -> Iterator[str]:
    if [len(side) for side in group.teams] != [teams.size] * teams.count:
        yield "teams of a wrong size"
    for entry in members:
        if len({n for n, side in enumerate(group.teams) for p in entry.players if p.user_id in side}) > 1:
            yield "a party on two teams"
    role = {player.user_id: player.role for player in group.players}
    able = {p.user_id: set(e.criteria.roles) or set(teams.roles or ()) for e in members for p in e.players}
    for side in group.teams if teams.roles else ():
        if any(role[user] is not None and role[user] not in able[user] for user in side):
            yield "a role nobody asked for"
        filled = Counter(role[user] for user in side if role[user] is not None)
        if filled != Counter(teams.roles):
            yield f"roles {filled}"


def rating(entry: PoolEntry, key: PoolKey, mode: Mode) -> float:
    """That of the ticket: the mean of its players with the premium of a party."""
    mean = sum(player.skills[key.game_id].mu for player in entry.players) / len(entry.players)
    return mean + mode.matching.party_premium * (len(entry.players) - 1)


def sizes(entry: PoolEntry, mode: Mode) -> tuple[int, int]:
    """The sizes of group that ticket and mode allow."""
    if mode.teams:
        low = high = mode.teams.count * mode.teams.size
    else:
        low, high = (mode.group_size.min, mode.group_size.max) if mode.group_size else (2, 10)
    wanted = entry.criteria.group_size
    return (max(low, wanted.min, 2), min(high, wanted.max)) if wanted else (max(low, 2), high)


def bound(limit: float, expand: Sequence[Step], waited: float) -> float | None:
    """The bound of an expanding rule after so long."""
    return next((step.limit for step in reversed(expand) if step.after_s <= waited), limit)
