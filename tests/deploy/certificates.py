"""A certificate authority for a test, and one server certificate of it."""

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Authority:
    """Vouches for 127.0.0.1. fullchain, privkey: the files a server takes. file: the authority's own certificate."""

    def __init__(self, folder: Path) -> None:
        self.file, self.fullchain, self.privkey = folder / "ca.pem", folder / "fullchain.pem", folder / "privkey.pem"
        key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        name = _name("Maoga's test authority")
        authority = (
            _certificate(name, name, key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        server = (
            _certificate(_name("127.0.0.1"), name, server_key.public_key())
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
            .sign(key, hashes.SHA256())
        )
        pem = serialization.Encoding.PEM
        self.file.write_bytes(authority.public_bytes(pem))
        self.fullchain.write_bytes(server.public_bytes(pem) + authority.public_bytes(pem))
        self.privkey.write_bytes(
            server_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )

    def context(self) -> ssl.SSLContext:
        """Trusts this authority and no other."""
        return ssl.create_default_context(cafile=str(self.file))


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
    )
