"""The simplex method: what each limit of a linear program is worth. Pure."""

from collections.abc import Callable, Generator

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

PIVOTS, PIVOTS_A_SLICE = 600, 10
"""Steps after which the prices are taken as they are, and steps between two breathing spaces."""
LOOKED_AT = 1_000
"""So many columns, those that promise most, are looked at until none of them helps."""
ROUNDING = 1e-6
"""Worth less than this makes no difference."""
TINY = 1e-9
"""Nothing is divided by less than this."""


def prices(
    rows: Numbers, limits: Numbers, worth: Numbers, allowed: Callable[[int], bool]
) -> Generator[None, None, Numbers]:
    """The price of each limit, none negative, at which no column is worth more than it takes.

    They are too low for some columns if it takes more than `PIVOTS` steps. The program: take of each column as much as
    is worth most in sum, not less than nothing, so that no row adds up to more than its limit. rows: (rows, columns).
    limits: (rows,), not negative. worth: (columns,). allowed: whether a column counts at all; asked of those that are
    tried. The prices at the given limits add up to the most worth.
    """
    worth = worth.copy()
    inverse, amount, taken = np.eye(len(rows)), limits.copy(), np.zeros(len(rows))
    price = np.zeros(len(rows))
    some, near = np.zeros(0, np.int64), rows[:, :0]
    for pivot in range(PIVOTS):
        if pivot % PIVOTS_A_SLICE == 0:
            yield
        gain = worth[some] - price @ near
        slack = int(price.argmin())
        if max(gain.max(initial=0), -price[slack]) <= ROUNDING:
            gain = worth - price @ rows
            if gain.max(initial=0) <= ROUNDING:
                return np.maximum(price, 0)
            some = np.argpartition(-gain, min(LOOKED_AT, len(gain)) - 1)[:LOOKED_AT]
            near, gain = rows[:, some], gain[some]
        if gain.max(initial=0) < -price[slack]:
            entering, value = inverse[:, slack], 0.0
        else:
            column = some[gain.argmax()]
            if not allowed(int(column)):
                worth[column] = -np.inf
                continue
            entering, value = inverse @ rows[:, column], worth[column]
        if entering.max() <= TINY:
            break  # no limit is reached: the figures are worn out by rounding
        leaving = _leaving(entering, amount)
        step, row = amount[leaving] / entering[leaving], inverse[leaving] / entering[leaving]
        inverse, amount = inverse - np.outer(entering, row), np.maximum(amount - entering * step, 0)
        inverse[leaving], amount[leaving], taken[leaving] = row, step, value
        price = taken @ inverse
    return np.maximum(price, 0)


def _leaving(entering: Numbers, amount: Numbers) -> int:
    """The row whose limit is reached first; of several the one that is safest to divide by."""
    rising = np.flatnonzero(entering > TINY)
    ratio = amount[rising] / entering[rising]
    tied = rising[ratio <= ratio.min() + 1e-12]
    return int(tied[entering[tied].argmax()])
