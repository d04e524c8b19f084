"""What a client may ask of notifications, and that settings cover every kind."""

from typing import get_args

import pytest

from domain.core.errors import ValidationFailed
from domain.notifications.commands import MarkNotifications, SetNotifications
from domain.notifications.model import NewsType
from domain.notifications.settings import NotificationSettingsView


@pytest.mark.parametrize(
    "command", [{}, {"ids": [], "all": False}, {"ids": ["a"], "all": True}, {"all": False}, {"ids": ["x"] * 101}]
)
def test_either_ids_or_all_are_named(command: object) -> None:
    with pytest.raises(ValidationFailed):
        MarkNotifications.parse(command)


def test_every_kind_can_be_switched_off() -> None:
    kinds = set(get_args(NewsType))
    assert kinds == set(SetNotifications.model_fields) == set(NotificationSettingsView.model_fields)
