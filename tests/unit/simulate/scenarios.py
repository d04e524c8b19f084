"""Random scenarios: small and cruel, over all that a ticket may ask for."""

from typing import Any

from hypothesis import strategies as st

Json = dict[str, Any]

ROLES = {"tank": 1, "healer": 1}
REGIONS = ["EU", "NA", "ASIA"]

DUELS: Json = {"mode": "casual", "groupSize": {"min": 2, "max": 4}}
TEAMS: Json = {"mode": "ranked", "teams": {"count": 2, "size": 2}}
CAST: Json = {"mode": "competitive", "teams": {"count": 2, "size": 3, "roles": ROLES}}
RULED: Json = {
    "mode": "custom",
    "groupSize": {"min": 2, "max": 3},
    "matching": {
        "skill": [{"afterS": 0, "limit": 300}, {"afterS": 10, "limit": 900}],
        "nearS": 5,
        "rules": [
            {"name": "ping", "type": "max_latency", "limit": 60, "expand": [{"afterS": 10, "limit": 120}]},
            {"name": "level", "type": "distance", "attribute": "level", "limit": 2, "expand": [{"afterS": 8}]},
            {"name": "map", "type": "overlap", "attribute": "maps", "limit": 1},
            {"name": "input", "type": "equality", "attribute": "input", "untilS": 12},
            {
                "name": "kinds",
                "type": "composition",
                "attribute": "kind",
                "counts": {"hunter": {"min": 0, "max": 1}},
                "untilS": 15,
            },
        ],
    },
}
MODES = [DUELS, TEAMS, CAST, RULED]

_PLACES = st.lists(st.sampled_from(REGIONS), unique=True, max_size=2)
_ATTRIBUTES = st.fixed_dictionaries(
    {},
    optional={
        "level": st.integers(0, 6),
        "maps": st.lists(st.sampled_from(["dust", "lake", "moon"]), unique=True, max_size=2),
        "input": st.sampled_from(["pad", "mouse"]),
        "kind": st.sampled_from(["hunter", "builder"]),
    },
)


@st.composite
def scenarios(draw: st.DrawFn) -> Json:
    """A scenario of some seconds. Some users come several times."""
    users = [f"u{number}" for number in range(40)]
    modes = draw(st.lists(st.sampled_from(MODES), min_size=1, max_size=2))
    some = st.lists(st.sampled_from(users), unique=True, max_size=2)
    user = st.fixed_dictionaries(
        {"rating": st.fixed_dictionaries({"mu": st.integers(1100, 1900), "sigma": st.integers(50, 500)})},
        optional={"blocked": some},
    )
    return {
        "game": {"id": "g", "name": "G", "modes": MODES},
        "seed": draw(st.integers(0, 99)),
        "until": draw(st.sampled_from([5, 40, 90, 120])),
        "config": {"ticketMaxS": draw(st.sampled_from([20, 1800]))},
        "users": draw(st.dictionaries(st.sampled_from(users), user)),
        "tickets": [draw(_ticket(number, users, modes)) for number in range(draw(st.integers(0, 40)))],
    }


@st.composite
def _ticket(draw: st.DrawFn, number: int, users: list[str], modes: list[Json]) -> Json:
    mode = draw(st.sampled_from(modes))
    at = draw(st.integers(0, 300)) / 10
    user = users[number] if draw(st.integers(0, 4)) else draw(st.sampled_from(users))
    party = draw(st.lists(st.sampled_from(users), unique=True, max_size=1)) if draw(st.integers(0, 3)) == 0 else []
    ticket: Json = {
        "id": f"t{number}",
        "at": at,
        "userId": user,
        "games": [{"gameId": "g"}],
        "mode": mode["mode"],
        "party": party,
        "skillPreference": draw(st.sampled_from(["similar", "similar", "any"])),
        "attributes": draw(_ATTRIBUTES) if mode is RULED else {},
        "latencyMs": draw(st.dictionaries(st.sampled_from(REGIONS), st.integers(0, 150))),
    }
    for named, attitude in (("regions", "regionPreference"), ("languages", "languagePreference")):
        places = draw(_PLACES)
        ticket[named] = places
        ticket[attitude] = draw(
            st.sampled_from(["strict", "preferred", "any", "any"] if places else ["preferred", "any"])
        )
    if mode is CAST:
        ticket["roles"] = draw(st.lists(st.sampled_from([*ROLES]), unique=True, max_size=2))
    if "groupSize" in mode and draw(st.booleans()):
        low, high = sorted(draw(st.tuples(st.integers(2, mode["groupSize"]["max"]), st.integers(2, 6))))
        ticket["groupSize"] = {"min": low, "max": high}
    if draw(st.integers(0, 7)) == 0:
        ticket["cancelAt"] = at + draw(st.integers(0, 300)) / 10
    return ticket
