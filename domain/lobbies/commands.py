"""What clients ask of their lobby."""

from domain.core.model import Command


class SetReady(Command):
    """Says whether the player is ready."""

    ready: bool
