"""TLS by the BCP 195 profile: who has a certificate of the station's authority comes in, and nobody else."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import subprocess
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from nodes import codes

from hilum.dicomnode.calling import requestor_of
from hilum.dicomnode.delivery.outcome import SENT, Fate
from hilum.dicomnode.delivery.store import store
from hilum.dicomnode.peer import Peer
from hilum.dicomnode.settings import NodeSettings, TlsSettings
from hilum.dicomnode.tls import client_context, server_context
from hilum.errors import StationRefused
from hilum.worklist.station import StationSettings


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as files and as objects."""

    certificate: Path
    key: Path
    made: x509.Certificate
    private: rsa.RSAPrivateKey


def make_pair(folder: Path, name: str, signer: Pair | None = None) -> Pair:
    """A certificate of a name, for 127.0.0.1 and localhost; its own authority where nobody else signs it."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if signer is None else signer.made.subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=signer is None, path_length=None), critical=True)
        .sign(private if signer is None else signer.private, hashes.SHA256())
    )
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                          serialization.NoEncryption()))  # fmt: skip
    return Pair(certificate, key, made, private)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory) -> dict[str, Pair]:
    """The station's authority, what it signed, and a stranger."""
    folder = tmp_path_factory.mktemp("pki")
    authority = make_pair(folder, "authority")
    return {
        "authority": authority,
        "node": make_pair(folder, "node", authority),
        "modality": make_pair(folder, "modality", authority),
        "stranger": make_pair(folder, "stranger"),
    }


@pytest.fixture
def tls(pairs) -> TlsSettings:
    """Of a node that asks callers for a certificate."""
    return TlsSettings(pairs["node"].certificate, pairs["node"].key, pairs["authority"].certificate)


def caller(pairs, who: str | None) -> ssl.SSLContext:
    own = {} if who is None else {"certificate": pairs[who].certificate, "key": pairs[who].key}
    return client_context(pairs["authority"].certificate, **own)


def test_a_caller_with_a_certificate_of_the_authority_comes_in(start_node, make_film, pairs, tls):
    """Both sides show a certificate that the other trusts."""
    node = start_node(tls=tls)

    assert codes(node.send(make_film(), tls_args=(caller(pairs, "modality"), "localhost"))) == [0x0000]


@pytest.mark.parametrize("who", [None, "stranger"])
def test_a_caller_without_a_certificate_of_the_authority_stays_out(start_node, pairs, tls, who):
    """No certificate, or one of another authority."""
    node = start_node(tls=tls)
    with node.called(tls_args=(caller(pairs, who), "localhost")) as link:
        assert not link.is_established


def test_a_caller_without_tls_stays_out(start_node, tls):
    """A plain association finds nobody."""
    node = start_node(tls=tls)
    with node.called() as link:
        assert not link.is_established


def test_without_authorities_callers_need_no_certificate(start_node, make_film, pairs):
    """TLS then hides what is sent, and proves who the node is."""
    node = start_node(tls=TlsSettings(pairs["node"].certificate, pairs["node"].key))

    assert codes(node.send(make_film(), tls_args=(caller(pairs, None), "localhost"))) == [0x0000]


def test_results_go_out_by_tls(start_node, make_film, pairs, tls, tmp_path):
    """To an archive that asks for certificates, by the settings' `peer_authorities`."""
    archive = start_node(tls=tls)
    peer = Peer("HILUM", "localhost", archive.port)
    own = NodeSettings(
        StationSettings(tmp_path / "own"),
        tls=TlsSettings(pairs["modality"].certificate, pairs["modality"].key),
        peer_authorities=pairs["authority"].certificate,
    )

    assert store(peer, requestor_of(own), make_film()) == SENT
    plain = store(peer, requestor_of(replace(own, peer_authorities=None)), make_film(2))
    assert plain.fate is Fate.AGAIN
    assert len(archive.films()) == 1


def test_results_do_not_go_to_who_is_not_trusted(start_node, make_film, pairs, tls, tmp_path):
    """An archive whose certificate another authority signed gets nothing."""
    archive = start_node(tls=tls)
    own = NodeSettings(StationSettings(tmp_path / "own"), peer_authorities=pairs["stranger"].certificate)

    assert store(Peer("HILUM", "localhost", archive.port), requestor_of(own), make_film()).fate is Fate.AGAIN
    assert archive.films() == []


def test_a_caller_that_begins_no_handshake_stops_nobody(start_node, make_film, pairs, tls):
    """Ten connections that say nothing, and another caller comes in at once."""
    node = start_node(tls=tls, handshake_s=30.0)
    silent = [socket.create_connection(("127.0.0.1", node.port)) for _ in range(10)]
    began = time.monotonic()
    sent = codes(node.send(make_film(), tls_args=(caller(pairs, "modality"), "localhost")))
    seconds = time.monotonic() - began
    for connection in silent:
        connection.close()

    assert sent == [0x0000]
    assert seconds < 10


def test_dcmtk_sends_by_tls(start_node, make_film, pairs, tls, tmp_path):
    """storescu with a certificate of the authority; another implementation of TLS and of DICOM."""
    node = start_node(tls=tls)
    path = tmp_path / "film.dcm"
    make_film().save_as(path, enforce_file_format=True)
    modality = pairs["modality"]
    sent = subprocess.run(
        ["storescu", "-v", "+tls", str(modality.key), str(modality.certificate), "+cf",
         str(pairs["authority"].certificate), "-aec", "HILUM", "127.0.0.1", str(node.port), str(path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert "Received Store Response (Success)" in sent.stderr, sent.stderr


def test_old_tls_is_turned_away(start_node, tls, pairs):
    """RFC 9325 3.1.1: TLS 1.1 must not be negotiated."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(pairs["authority"].certificate)
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        _allow_old_tls_alone(context)
    node = start_node(tls=tls)

    with socket.create_connection(("127.0.0.1", node.port)) as plain, pytest.raises(OSError, match="."):
        context.wrap_socket(plain, server_hostname="localhost")


def _allow_old_tls_alone(context: ssl.SSLContext) -> None:
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1


def test_every_cipher_has_forward_secrecy_and_authenticated_encryption(tls):
    """RFC 9325 4.2: no static RSA, no CBC, no SHA-1."""
    names = [cipher["name"] for cipher in server_context(tls).get_ciphers()]

    assert names
    assert all(name.startswith(("TLS_", "ECDHE-", "DHE-")) for name in names)
    assert all("GCM" in name or "CHACHA20" in name for name in names)


@pytest.mark.parametrize("broken", ["missing", "empty", "another's key"])
def test_a_certificate_that_cannot_be_used_is_told_by_its_file(pairs, tmp_path, broken):
    """The node refuses to start, and names the file."""
    path = tmp_path / "node.pem"
    if broken == "empty":
        path.write_bytes(b"")
    if broken == "another's key":
        path.write_bytes(pairs["node"].certificate.read_bytes())

    with pytest.raises(StationRefused, match="node.pem: cannot be used with its key"):
        server_context(TlsSettings(path, pairs["stranger"].key))


def test_authorities_that_are_none_are_told_by_their_file(pairs, tmp_path):
    """A file without a certificate would let nobody in."""
    nobody = tmp_path / "authorities.pem"
    nobody.write_text("nothing", encoding="utf-8")

    with pytest.raises(StationRefused, match=r"authorities.pem: holds no certificate in PEM form"):
        server_context(TlsSettings(pairs["node"].certificate, pairs["node"].key, nobody))
