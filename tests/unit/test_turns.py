"""Who may upload at the same time."""

from contextlib import ExitStack

import pytest

from domain.core.errors import RateLimited
from domain.core.ids import UserId
from domain.core.turns import AT_ONCE, OF_ONE_ADDRESS, OF_ONE_USER, Turns


@pytest.mark.parametrize(
    ("most", "user", "address"),
    [
        (OF_ONE_USER, "the same", "address {}"),
        (OF_ONE_ADDRESS, "user {}", "the same"),
        (AT_ONCE, "user {}", "address {}"),
    ],
)
def test_a_user_an_address_and_all_have_their_share(most: int, user: str, address: str) -> None:
    """And get it back when an upload ends, also by an error."""
    turns = Turns()

    def take(n: int) -> ExitStack:
        stack = ExitStack()
        stack.enter_context(turns.take(UserId(user.format(n)), address.format(n)))
        return stack

    held = [take(n) for n in range(most)]
    for _ in range(2):
        with pytest.raises(RateLimited):
            take(most)
    held.pop().close()
    with pytest.raises(ZeroDivisionError), take(most):
        raise ZeroDivisionError
    held.append(take(most))
    for one in held:
        one.close()
    assert len(turns) == 0
    assert (turns._of_user, turns._of_address) == ({}, {})
