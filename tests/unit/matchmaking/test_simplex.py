"""The prices of a linear program are those that an independent solver finds it worth."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog  # type: ignore[import-untyped]

from domain.matchmaking.pairing.simplex import prices


def priced(rows: np.ndarray, limits: np.ndarray, worth: np.ndarray, forbidden: set[int]) -> np.ndarray:
    """The prices, with all breathing spaces taken at once."""
    steps = prices(rows, limits, worth, lambda column: column not in forbidden)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: np.ndarray = end.value
            return found


@given(st.integers(1, 12), st.integers(1, 60), st.integers(0, 2**32 - 1), st.booleans())
def test_prices_prove_the_most_worth(height: int, width: int, seed: int, forbid: bool) -> None:
    """They bear every column that is allowed, and add up to no more than the best solution is worth."""
    dice = np.random.default_rng(seed)
    rows = (dice.random((height, width)) < 0.4).astype(float)
    rows[dice.integers(0, height, width), np.arange(width)] = 1  # each column takes something
    worth, limits = dice.normal(100, 80, width), dice.integers(0, 4, height).astype(float)
    forbidden = set(np.flatnonzero(dice.random(width) < 0.3).tolist()) if forbid else set()
    allowed = [column for column in range(width) if column not in forbidden]
    price = priced(rows, limits, worth, forbidden)
    assert (price >= 0).all()
    assert (worth - price @ rows)[allowed].max(initial=0) < 1e-5
    best = linprog(-worth[allowed], A_ub=rows[:, allowed], b_ub=limits, method="highs") if allowed else None
    assert abs(price @ limits + (best.fun if best else 0)) < 1e-5
