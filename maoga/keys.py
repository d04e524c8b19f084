"""The keys that settings name, for those who use them."""

from typing import TYPE_CHECKING

from storage.documents.sealing import Sealing

if TYPE_CHECKING:
    from maoga.settings import Settings


def sealing(settings: "Settings") -> Sealing:
    """What encrypts personal fields."""
    accepted = [key.get_secret_value() for key in settings.field_keys_accepted]
    return Sealing(settings.field_key.get_secret_value(), accepted)


def backup_secret(settings: "Settings") -> str:
    """The key of backups, or nothing."""
    file = settings.backup_key_file
    return file.read_text().strip() if file else settings.backup_key.get_secret_value()
