"""How good a match is said to be."""

import numpy as np
import pytest

from domain.matchmaking.pairing.quality import qualities, served


def test_the_figures_are_those_of_the_definition() -> None:
    first, second = qualities(*(np.array(pair) for pair in ([0, 400], [0, 0.5], [1, 0.5], [1, 0.25], [0, 30])))
    assert set(first.model_dump().values()) == {1.0}
    assert second.model_dump() == {"overall": 0.438, "skill": 0.25, "region": 0.5, "language": 0.25, "wait": 0.75}


def test_no_figure_falls_below_nothing() -> None:
    (worst,) = qualities(*(np.array([value]) for value in (5000.0, 1.0, 0.0, 0.0, 9999.0)))
    assert set(worst.model_dump().values()) == {0.0}


@pytest.mark.parametrize(
    ("named", "place", "share"),
    [
        ([set(), set()], None, 1.0),
        ([{"EU"}, set()], None, 1.0),
        ([{"EU"}, {"NA", "EU"}, {"NA"}, {"EU"}], None, 0.75),
        ([{"EU"}, {"NA", "EU"}, {"NA"}, {"EU"}], "NA", 0.5),
        ([{"EU"}], "ASIA", 0.0),
    ],
)
def test_the_share_served_is_of_those_who_name_places(named: list[set[str]], place: str | None, share: float) -> None:
    assert served([frozenset(places) for places in named], place) == share
