"""Signatures of what is sent to others' servers, so that they know it is from here, unchanged and fresh."""

import hashlib
import hmac
from datetime import datetime

TIMESTAMP = "Maoga-Timestamp"
SIGNATURE = "Maoga-Signature"


def signed(secret: bytes, body: bytes, now: datetime) -> dict[str, str]:
    """The headers that sign `body`: the Unix time in seconds, and the HMAC-SHA256 of `<time>.<body>` in hexadecimal."""
    timestamp = str(int(now.timestamp()))
    digest = hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {TIMESTAMP: timestamp, SIGNATURE: f"sha256={digest}"}
