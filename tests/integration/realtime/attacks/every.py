"""All attacks, in the order of the table."""

from tests.integration.realtime.attacks import cost, floods, frames, order, reading, strangers, transport
from tests.integration.realtime.attacks.attack import Attack

KINDS = (strangers, frames, floods, reading, order, cost, transport)

ATTACKS = [value for kind in KINDS for value in vars(kind).values() if isinstance(value, Attack)]
