"""Redis holds what can be rebuilt from the documents."""

import contextlib

from domain.core.errors import Unavailable


def may_lag() -> contextlib.AbstractContextManager[None]:
    """Guards a change of a rebuildable index after its document was written.

    The write stands whether or not the index can follow now; the sweeps bring the index up to date.
    """
    return contextlib.suppress(Unavailable)
