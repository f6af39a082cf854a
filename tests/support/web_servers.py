"""nginx and Caddy in front of a server of ours, over TLS, as docs/server.md and compose.yaml configure them.

Only ports, paths and the certificate, which signs itself, are others. A test whose server is absent is skipped.
"""

import contextlib
import datetime
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

NAME = "gan.example.org"
APP = "127.0.0.1:8501"
NGINX = """
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {text}
}}
"""
CADDY = """
{{
    admin off
    http_port {http}
    https_port {https}
    default_bind 127.0.0.1
}}
{text}
"""


@dataclass(frozen=True)
class Front:
    """A web server of this machine: the ports at which it listens for `NAME`."""

    program: str
    https: int
    http: int


def program(name: str) -> str:
    """The path of a program; skips the test where it is absent."""
    path = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


def _certificate(folder: Path) -> tuple[Path, Path]:
    """The files of a certificate for `NAME` that signs itself, and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(certificate.public_bytes(encoding))
    files[1].write_bytes(key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain))
    return files


def _replaced(text: str, *pairs: tuple[str, str]) -> str:
    """A text with other ports and paths; each of them has to stand in it."""
    for old, new in pairs:
        assert old in text, f"{old!r} is not in the example"
        text = text.replace(old, new)
    return text


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


@contextlib.contextmanager
def serving_nginx(folder: Path, text: str, app: str) -> Iterator[Front]:
    """nginx with these server blocks, in front of the app at this host and port, during the block."""
    path, (https, http) = program("nginx"), _free_ports()
    certificate, key = _certificate(folder)
    text = _replaced(
        text,
        ("listen 443 ", f"listen 127.0.0.1:{https} "),
        ("listen 80;", f"listen 127.0.0.1:{http};"),
        (f"/etc/ssl/{NAME}.pem", str(certificate)),
        (f"/etc/ssl/{NAME}.key", str(key)),
        (APP, app),
    )
    user = "user root;" if os.getuid() == 0 else ""
    file = folder / "nginx.conf"
    file.write_text(NGINX.format(folder=folder, text=text, user=user))
    with _running([path, "-p", str(folder), "-c", str(file), "-e", "stderr"], folder, https):
        yield Front("nginx", https, http)


@contextlib.contextmanager
def serving_caddy(folder: Path, text: str, app: str, its_app: str = APP, **environment: str) -> Iterator[Front]:
    """Caddy with this configuration, in front of the app at this host and port, during the block."""
    path, (https, http) = program("caddy"), _free_ports()
    certificate, key = _certificate(folder)
    text = _replaced(_for_this_caddy(text), (its_app, app)).replace("{\n", f"{{\n    tls {certificate} {key}\n", 1)
    file = folder / "Caddyfile"
    file.write_text(CADDY.format(http=http, https=https, text=text))
    places = {name: str(folder) for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")}
    command = [path, "run", "--config", str(file), "--adapter", "caddyfile"]
    with _running(command, folder, https, **places, **environment):
        yield Front("caddy", https, http)


def caddy_hash(password: str) -> str:
    """The hash of a password for Caddy's configuration."""
    hashing = [program("caddy"), "hash-password", "--plaintext", password]
    return subprocess.run(hashing, check=True, capture_output=True, text=True).stdout.strip()


def _for_this_caddy(text: str) -> str:
    """Caddy's sign-in by the name that it has in the installed version."""
    version = subprocess.run([program("caddy"), "version"], check=True, capture_output=True, text=True).stdout
    major, minor = version.lstrip("v").split(".")[:2]
    return text if (int(major), int(minor)) >= (2, 8) else text.replace("basic_auth ", "basicauth ")


@contextlib.contextmanager
def _running(command: list[str], folder: Path, port: int, **environment: str) -> Iterator[None]:
    """A program during the block, from when it listens at a port."""
    log = folder / "web-server.log"
    with open(log, "w") as output:
        process = subprocess.Popen(command, env=os.environ | environment, stdout=output, stderr=output)
    try:
        for _ in range(300):
            assert process.poll() is None, f"It ended at its start:\n{log.read_text()}"
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5):
                break
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(20)
