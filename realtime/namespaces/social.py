"""`/social`: the player's own stream, on which friends, presence and notifications will arrive."""

from realtime.dispatch import Namespace


class SocialNamespace(Namespace):
    """Open for every player; it has the events every namespace has."""

    name = "social"
