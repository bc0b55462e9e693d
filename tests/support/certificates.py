"""A certificate for localhost, made for one test with a key that is thrown away (RFC 5280, RFC 8410)."""

from __future__ import annotations

import base64
import ssl
from pathlib import Path

from nacl.signing import SigningKey

_ED25519 = bytes.fromhex("300506032b6570")


def _der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = bytes((len(body),)) if len(body) < 128 else b"\x82" + len(body).to_bytes(2, "big")
    return bytes((tag,)) + size + body


def _pem(label: str, data: bytes) -> str:
    return f"-----BEGIN {label}-----\n{base64.encodebytes(data).decode()}-----END {label}-----\n"


def localhost(folder: Path, until: bytes = b"491231235959Z") -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate that signs itself, and a client's context that trusts it alone.

    The certificate is `server.pem`, as a settings file can name it.
    """
    key = SigningKey.generate()
    name = _der(0x30, _der(0x31, _der(0x30, bytes.fromhex("0603550403"), _der(0x0C, b"localhost"))))
    names = _der(0x30, _der(0x82, b"localhost"))
    authority = _der(0x30, _der(0x01, b"\xff"))
    extensions = _der(
        0x30,
        _der(0x30, bytes.fromhex("0603551d11"), _der(0x04, names)),
        _der(0x30, bytes.fromhex("0603551d13"), _der(0x01, b"\xff"), _der(0x04, authority)),
    )
    body = _der(
        0x30,
        _der(0xA0, _der(0x02, b"\x02")),
        _der(0x02, b"\x01"),
        _ED25519,
        name,
        _der(0x30, _der(0x17, b"200101000000Z"), _der(0x17, until)),
        name,
        _der(0x30, _ED25519, _der(0x03, b"\0" + bytes(key.verify_key))),
        _der(0xA3, extensions),
    )
    certificate = _der(0x30, body, _ED25519, _der(0x03, b"\0" + key.sign(body).signature))
    private = _der(0x30, _der(0x02, b"\0"), _ED25519, _der(0x04, _der(0x04, bytes(key))))
    pem = _pem("CERTIFICATE", certificate)
    (folder / "server.pem").write_text(pem + _pem("PRIVATE KEY", private))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "server.pem")
    return server, ssl.create_default_context(cadata=pem)
