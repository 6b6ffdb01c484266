"""Certificates for servers and clients of a test: one authority, and what it signs, made with OpenSSL's command."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

KEY_PASSWORD: Final = "marker-key-password"
SECONDS: Final = 30
_KEY: Final = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "2")


@dataclass(frozen=True)
class Certificates:
    """PEM files in a folder. `server_file` holds certificate and key in one, as Kafka reads them."""

    folder: Path

    @classmethod
    def made(cls, folder: Path) -> Self:
        """Make them all: the authority, the server on the loopback address, a client with and without a password."""
        made = cls(folder)
        made._openssl("req", "-x509", *_KEY, "-nodes", "-subj", "/CN=authority", *_out(made.ca_key, made.ca))
        for name, *how in (("server", "-nodes"), ("client", "-nodes"), ("locked", "-passout", f"pass:{KEY_PASSWORD}")):
            made._sign(name, *how)
        server = (folder / "server.key").read_text() + (folder / "server.pem").read_text() + made.ca.read_text()
        made.server_file.write_text(server)
        return made

    @property
    def ca(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def ca_key(self) -> Path:
        return self.folder / "ca.key"

    @property
    def server_file(self) -> Path:
        return self.folder / "server-with-key.pem"

    def cert(self, name: str) -> Path:
        """The certificate of `server`, `client` or `locked`."""
        return self.folder / f"{name}.pem"

    def key(self, name: str) -> Path:
        """The private key to it; that of `locked` has a password."""
        return self.folder / f"{name}.key"

    def _sign(self, name: str, *how: str) -> None:
        self._openssl(
            *("req", "-x509", *_KEY, *how, "-subj", f"/CN={name}", "-CA", str(self.ca), "-CAkey", str(self.ca_key)),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"),
            *_out(self.key(name), self.cert(name)),
        )

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=SECONDS, cwd=self.folder)


def can_be_made() -> bool:
    """Whether the command is here."""
    return shutil.which("openssl") is not None


def _out(key: Path, certificate: Path) -> tuple[str, ...]:
    return ("-keyout", str(key), "-out", str(certificate))
