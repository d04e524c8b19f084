"""The table of attacks in docs/reliability.md is what the attack suite tries, line by line."""

from tests.integration.realtime.attacks.every import ATTACKS
from tests.integration.realtime.attacks.table import PAGE, with_table


def test_the_table_is_up_to_date() -> None:
    page = PAGE.read_text()
    assert page == with_table(page), "run `python -m tests.integration.realtime.attacks.table`"


def test_every_attack_has_a_name_and_a_deed_of_its_own() -> None:
    """A line that came twice would hide which of the two fails."""
    assert len({str(attack) for attack in ATTACKS}) == len({attack.deed for attack in ATTACKS}) == len(ATTACKS)
