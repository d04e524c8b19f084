"""Whether the output of a simulation keeps the rules: from the scenario and the lines alone, by no code of the core."""

from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from math import inf
from typing import Any

Json = dict[str, Any]


def broken(scenario: Json, lines: list[Json]) -> list[str]:
    """What is wrong, in words."""
    *events, summary = lines
    tickets = {ticket["id"]: ticket for ticket in scenario["tickets"]}
    return [
        *_ends(tickets, events, summary),
        *_bookings(tickets, events),
        *(
            f"{line['matchId']}: {fault}"
            for line in events
            if line["type"] == "match"
            for fault in _of_match(scenario, tickets, line)
        ),
    ]


def _ends(tickets: dict[str, Json], events: list[Json], summary: Json) -> Iterator[str]:
    ended = Counter(id for line in events for id in line.get("ticketIds", [line.get("ticketId")]))
    ended.update(summary["waiting"])
    if ended != dict.fromkeys(tickets, 1):
        yield f"tickets end other than once: {ended}"
    for line in events:
        ticket = tickets.get(line.get("ticketId", ""))
        if (
            ticket
            and line["type"] == "cancelled"
            and abs(line["at"] - ticket.get("cancelAt", inf)) > 1e-3
            and "reason" not in line
        ):
            yield f"{ticket['id']} was cancelled at {line['at']}"


def _bookings(tickets: dict[str, Json], events: list[Json]) -> Iterator[str]:
    """Nobody is in two matches with tickets that overlap in time."""
    times: dict[str, list[tuple[float, float]]] = {}
    for line in events:
        for id in line.get("ticketIds", []):
            ticket = tickets[id]
            if line["at"] < ticket["at"] or line["at"] > ticket.get("cancelAt", inf):
                yield f"{id} was matched at {line['at']}, before it came or after it gave up"
            for user in _users(ticket):
                times.setdefault(user, []).append((ticket["at"], line["at"]))
    for user, spans in times.items():
        for one, other in combinations(sorted(spans), 2):
            if other[0] < one[1] or one == other:
                yield f"{user} was booked twice: {one}, {other}"


def _of_match(scenario: Json, tickets: dict[str, Json], line: Json) -> Iterator[str]:
    members = [tickets[id] for id in line["ticketIds"]]
    mode = next(mode for mode in scenario["game"]["modes"] if mode["mode"] == line["mode"])
    waits = {ticket["id"]: line["at"] - ticket["at"] for ticket in members}
    users = [user for team in line["teams"] for user in team]
    if sorted(users) != sorted(user for ticket in members for user in _users(ticket)):
        yield "the teams are not the tickets' players"
    if any(ticket["mode"] != line["mode"] for ticket in members):
        yield "modes differ"
    if any(line["gameId"] not in [wish["gameId"] for wish in ticket["games"]] for ticket in members):
        yield "somebody does not want the game"
    for ticket in members:
        if sum(bool(set(_users(ticket)) & set(team)) for team in line["teams"]) > 1:
            yield f"the party of {ticket['id']} was torn apart"
    yield from _sizes(mode, members, line)
    yield from _blocks(scenario, members)
    yield from _skills(scenario, mode, members, waits)
    yield from _places(mode, members, waits, line)
    yield from _roles(mode, members, line)
    yield from _rules(mode, members, waits, line)


def _sizes(mode: Json, members: list[Json], line: Json) -> Iterator[str]:
    players = sum(len(team) for team in line["teams"])
    if teams := mode.get("teams"):
        if [len(team) for team in line["teams"]] != [teams["size"]] * teams["count"]:
            yield "the teams have other sizes"
    else:
        low, high = mode.get("groupSize", {"min": 2, "max": 10}).values()
        if not low <= players <= high or len(line["teams"]) != 1:
            yield f"{players} players"
    for ticket in members:
        size = ticket.get("groupSize")
        if size and not size["min"] <= players <= size["max"]:
            yield f"{ticket['id']} does not want {players} players"


def _blocks(scenario: Json, members: list[Json]) -> Iterator[str]:
    of = {user: number for number, ticket in enumerate(members) for user in _users(ticket)}
    for user, number in of.items():
        for other in scenario["users"].get(user, {}).get("blocked", []):
            if other in of and of[other] != number:
                yield f"{user} has blocked {other}"


def _skills(scenario: Json, mode: Json, members: list[Json], waits: dict[str, float]) -> Iterator[str]:
    """Two tickets, one of which wants similar skill, are no further apart than their steps allow by now."""
    rules = mode.get("matching", {})
    steps = rules.get("skill") or [
        {"afterS": time, "limit": limit} for time, limit in ((0, 100), (5, 200), (15, 400), (30, 800), (60, None))
    ]
    rating = {ticket["id"]: _rating(scenario, ticket, rules.get("partyPremium", 25)) for ticket in members}
    limit = {
        ticket["id"]: _at(steps, waits[ticket["id"]]) if ticket.get("skillPreference", "similar") == "similar" else inf
        for ticket in members
    }
    for one, other in combinations(rating, 2):
        distance = abs(rating[one] - rating[other])
        if distance > min(limit[one], limit[other]) + 1e-3:
            yield f"{one} and {other} are {distance} apart"


def _places(mode: Json, members: list[Json], waits: dict[str, float], line: Json) -> Iterator[str]:
    near_s = mode.get("matching", {}).get("nearS", 15)
    for field, attitude, default in (
        ("regions", "regionPreference", "preferred"),
        ("languages", "languagePreference", "any"),
    ):
        named = {ticket["id"]: {place.lower() for place in ticket.get(field, [])} for ticket in members}
        attitudes = {ticket["id"]: ticket.get(attitude, default) for ticket in members}
        # Who names nowhere insists on nothing. A busy pool holds to preferences for longer than it must.
        strict = [id for id, how in attitudes.items() if how == "strict"]
        held = [id for id, how in attitudes.items() if how == "preferred" and named[id] and waits[id] < near_s]
        shared = set.intersection(*(places for places in named.values() if places)) if any(named.values()) else {""}
        if (strict or held) and not shared:
            yield f"no {field} in common, which {strict or held} need"
        if field == "regions" and (strict or held) and line["region"]:
            here = line["region"].lower()
            if any(named[id] and here not in named[id] for id in strict):
                yield f"it is played in {here}, against the wish of {strict}"


def _roles(mode: Json, members: list[Json], line: Json) -> Iterator[str]:
    roles = (mode.get("teams") or {}).get("roles")
    if not roles:
        return
    got = line.get("roles", {})
    for team in line["teams"]:
        played = Counter(got[user] for user in team if user in got)
        if played != Counter(roles):
            yield f"a team plays {played}"
    for ticket in members:
        wanted = ticket.get("roles", [])
        for user in _users(ticket):
            if wanted and got.get(user) and got[user] not in wanted:
                yield f"{user} must play {got[user]}"


def _rules(mode: Json, members: list[Json], waits: dict[str, float], line: Json) -> Iterator[str]:
    for rule in mode.get("matching", {}).get("rules", []):
        if rule["type"] == "max_latency":
            yield from _latencies(rule, members, waits, line)
        elif rule["type"] == "composition":
            yield from _composition(rule, members, waits, line)
        else:
            yield from _attributes(rule, members, waits)


def _latencies(rule: Json, members: list[Json], waits: dict[str, float], line: Json) -> Iterator[str]:
    for ticket in members:
        measured = {place.lower(): ms for place, ms in ticket.get("latencyMs", {}).items()}
        limit = _at([{"afterS": 0, "limit": rule["limit"]}, *rule.get("expand", [])], waits[ticket["id"]])
        if measured and limit < inf and measured.get((line["region"] or "").lower(), inf) > limit:
            yield f"{ticket['id']} is too far from {line['region']}"


def _attributes(rule: Json, members: list[Json], waits: dict[str, float]) -> Iterator[str]:
    """`expand` softens a rule for the pair as soon as both have waited."""
    for one, other in combinations(members, 2):
        pair = [ticket.get("attributes", {}).get(rule["attribute"]) for ticket in (one, other)]
        if (
            None not in pair
            and [] not in pair
            and not _agree(rule, pair, [waits[ticket["id"]] for ticket in (one, other)])
        ):
            yield f"{one['id']} and {other['id']} break {rule['name']}"


def _agree(rule: Json, pair: list[Any], waited: list[float]) -> bool:
    a, b = pair
    if rule["type"] == "equality":
        return bool(a == b or min(waited) >= rule.get("untilS", inf))
    steps = [{"afterS": 0, "limit": rule["limit"]}, *rule.get("expand", [])]
    limits = [_at(steps, time) for time in waited]
    if rule["type"] == "distance":
        return bool(abs(a - b) <= min(limits))
    return len(set(a) & set(b)) >= max(0 if limit == inf else limit for limit in limits)


def _composition(rule: Json, members: list[Json], waits: dict[str, float], line: Json) -> Iterator[str]:
    if max(waits.values()) >= rule.get("untilS", inf):
        return
    value = {user: ticket.get("attributes", {}).get(rule["attribute"]) for ticket in members for user in _users(ticket)}
    everybody = [[user for team in line["teams"] for user in team]]
    for team in line["teams"] if rule.get("per") == "team" else everybody:
        counts = Counter(value[user] for user in team)
        for kind, share in rule["counts"].items():
            if not share.get("min", 0) <= counts[kind] <= share.get("max", 100):
                yield f"{counts[kind]} players of {kind}"


def _users(ticket: Json) -> list[str]:
    return list(dict.fromkeys([ticket["userId"], *ticket.get("party", [])]))


def _rating(scenario: Json, ticket: Json, premium: float) -> float:
    users = _users(ticket)
    mus = [scenario["users"].get(user, {}).get("rating", {}).get("mu", 1500) for user in users]
    return float(sum(mus) / len(mus) + premium * (len(mus) - 1))


def _at(steps: list[Json], waited_s: float) -> float:
    limit = [step.get("limit") for step in steps if step["afterS"] <= waited_s + 1e-6][-1]
    return inf if limit is None else float(limit)
