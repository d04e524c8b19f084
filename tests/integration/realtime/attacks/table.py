"""The table of attacks in docs/reliability.md: `python -m tests.integration.realtime.attacks.table` writes it anew."""

from tests.integration.realtime.attacks.every import ATTACKS, KINDS
from tests.support.services import ROOT

PAGE = ROOT / "docs/reliability.md"
BEGIN, END = "<!-- attacks: generated -->\n", "<!-- /attacks -->"
RESISTS = "resists too"


def table() -> str:
    """The attacks by kind: deed, gain, answer, test."""
    lines = ["| A client | Stock python-socketio 5.18.1 | Maoga | Test |", "|---|---|---|---|"]
    for kind in KINDS:
        assert kind.__doc__
        lines.append(f"| **{kind.__doc__.strip().removesuffix('.')}** | | | |")
        for attack in (each for each in ATTACKS if each.run.__module__ == kind.__name__):
            deed = attack.deed[0].lower() + attack.deed[1:]
            lines.append(f"| {deed} | {attack.gain or RESISTS} | {attack.ours} | `{attack}` |")
    return "\n".join(lines) + "\n"


def with_table(page: str) -> str:
    """The page with the table as it is now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text()))
