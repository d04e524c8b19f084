"""What operators see of the chat. A port."""

from domain.chat.model import ContentType


class ChatMetrics:
    """Is told how it goes. This one drops what it is told."""

    def stored(self, content_type: ContentType) -> None:
        """A message was stored, for the first time."""


UNWATCHED = ChatMetrics()
