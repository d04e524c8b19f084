"""Access tokens that somebody has tampered with."""

import hmac
import json
from base64 import urlsafe_b64encode
from typing import Any

import jwt


def forged(
    token: str, key: bytes, algorithm: str = "HS256", headers: dict[str, Any] | None = None, **claims: Any
) -> str:
    """`token` with changes to its header and claims (None removes one), signed again with `key`."""
    header = jwt.get_unverified_header(token) | {"alg": algorithm} | (headers or {})
    payload = jwt.decode(token, options={"verify_signature": False}) | claims
    signed = ".".join(_part({k: v for k, v in part.items() if v is not None}) for part in (header, payload))
    if algorithm.lower() == "none":
        return f"{signed}."
    return f"{signed}.{_encoded(hmac.digest(key, signed.encode(), algorithm.replace('HS', 'sha')))}"


def _part(values: dict[str, Any]) -> str:
    return _encoded(json.dumps(values).encode())


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")
