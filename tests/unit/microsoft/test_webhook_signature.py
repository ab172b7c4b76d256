"""Which deliveries are Partner Center's: headers, the certificate's address, its chain, the signature."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from bot.domain.webhooks import Forged, Forgery
from bot.errors import ConfigError
from bot.microsoft.webhook_signature import (
    Trust,
    check_signature,
    is_certificate_address,
    load_trust,
    read_claim,
)
from tests.support.partner_webhook import MICROSOFT, Authorities, certificate, headers, rsa_key, sign

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOST = "3psostorageacct.blob.core.windows.net"
URL = f"https://{HOST}/cert/pcnotifications-dispatch.microsoft.com.cer"
BODY = b'{"EventName":"test-created"}'


@pytest.fixture(scope="module")
def authorities() -> Authorities:
    return Authorities(NOW)


@pytest.fixture(scope="module")
def trust(authorities: Authorities) -> Trust:
    return Trust([authorities.root], [authorities.issuing])


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


# Headers -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["Authorization", "x-ms-signature", "X-MS-Signature"])
def test_both_forms_of_the_header(form: str, authorities: Authorities, trust: Trust) -> None:
    claim = read_claim(headers(BODY, URL, form=form), [HOST])
    signer = trust.signer(der(authorities.leaf()), NOW)
    assert check_signature(signer, claim, BODY)
    assert not check_signature(signer, claim, BODY + b" ")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"X-MS-Certificate-Url": ""}, Forgery.HEADERS),
        ({"X-MS-Signature-Algorithm": ""}, Forgery.HEADERS),
        ({"Authorization": ""}, Forgery.HEADERS),
        ({"X-MS-Signature-Algorithm": "none"}, Forgery.ALGORITHM),
        ({"X-MS-Signature-Algorithm": "rsa-sha1"}, Forgery.ALGORITHM),
        ({"Authorization": "Bearer abc"}, Forgery.SIGNATURE),
        ({"Authorization": "Signature ***"}, Forgery.SIGNATURE),
        ({"Authorization": f"Signature {'A' * 4000}"}, Forgery.SIGNATURE),
        ({"X-MS-Certificate-Url": URL.replace("https", "http")}, Forgery.ADDRESS),
    ],
)
def test_headers_that_are_wrong(change: dict[str, str], why: Forgery) -> None:
    with pytest.raises(Forged) as refused:
        read_claim({**headers(BODY, URL), **change}, [HOST])
    assert refused.value.why is why


@pytest.mark.parametrize(
    ("url", "good"),
    [
        (URL, True),
        (URL.replace(HOST, HOST.upper()), True),
        (f"https://x.{HOST}/cert/a.cer", False),
        (f"https://{HOST}.evil.example/cert/a.cer", False),
        (f"https://evil.example/cert/a.cer?{HOST}", False),
        (f"https://{HOST}@evil.example/cert/a.cer", False),
        (f"https://user@{HOST}/cert/a.cer", False),
        (f"https://{HOST}:443/cert/a.cer", False),
        (f"https://{HOST}:8443/cert/a.cer", False),
        (f"{URL}?x=1", False),
        (f"{URL}#x", False),
        (f"{URL}\n", False),
        (f"https://{HOST}/cert/../a.cer", False),
        (f"https://{HOST}/cert/a/b.cer", False),
        (f"https://{HOST}/cert/%2e%2e.cer", False),
        (f"https://{HOST}/other/a.cer", False),
        (f"https://{HOST}/cert/a.pem", False),
        (f"https://{HOST}/cert/.cer", False),
        (f"http://{HOST}/cert/a.cer", False),
        ("http://127.0.0.1:8080/cert/a.cer", False),
        ("file:///cert/a.cer", False),
        ("", False),
    ],
)
def test_where_a_certificate_may_come_from(url: str, good: bool) -> None:
    assert is_certificate_address(url, [HOST]) is good


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("http://127.0.0.1:8080/cert/a.cer", True),
        ("http://127.0.0.1/cert/a.cer", True),
        ("http://127.0.0.1:8080/cert/a.cer?x", False),
        ("http://127.0.0.1.evil.example/cert/a.cer", False),
        ("http://127.0.0.2:8080/cert/a.cer", False),
        ("http://localhost:8080/cert/a.cer", False),
    ],
)
def test_loopback_only_with_the_switch_and_only_there(url: str, good: bool) -> None:
    assert is_certificate_address(url, [HOST], loopback=True) is good
    assert is_certificate_address(url, [HOST]) is False


# Certificates --------------------------------------------------------------------------------------------------------


def test_a_good_certificate_serves_while_all_of_its_chain_does(authorities: Authorities, trust: Trust) -> None:
    leaf = authorities.leaf()
    signer = trust.signer(der(leaf), NOW)
    assert (signer.begins, signer.ends) == (leaf.not_valid_before_utc, leaf.not_valid_after_utc)
    long = trust.signer(der(authorities.leaf(ends=timedelta(days=5000))), NOW)
    assert long.ends == authorities.issuing.not_valid_after_utc


def test_the_chain_may_come_with_the_certificate_or_end_at_an_intermediate(authorities: Authorities) -> None:
    assert Trust([authorities.root]).signer(authorities.genuine_pem(), NOW)
    assert Trust([authorities.issuing]).signer(der(authorities.leaf()), NOW)


WRONG = {
    "another-organization": ({"organization": "Contoso Ltd"}, Forgery.ORGANIZATION),
    "alike-organization": ({"organization": "Microsoft Corporation Ltd"}, Forgery.ORGANIZATION),
    "no-organization": ({"organization": None}, Forgery.ORGANIZATION),
    "expired": ({"ends": timedelta(seconds=-1)}, Forgery.VALIDITY),
    "not-yet": ({"begins": timedelta(seconds=1)}, Forgery.VALIDITY),
    "issuer-of-that-name": ({"issuer_key": "stranger"}, Forgery.UNTRUSTED),
    "authority": ({"authority": True}, Forgery.CERTIFICATE),
    "not-to-sign": ({"sign": False}, Forgery.CERTIFICATE),
    "short-key": ({"key": "short", "bits": 1024}, Forgery.CERTIFICATE),
}


@pytest.mark.parametrize(("made", "why"), WRONG.values(), ids=WRONG)
def test_certificates_that_are_wrong(
    made: dict[str, object], why: Forgery, authorities: Authorities, trust: Trust
) -> None:
    with pytest.raises(Forged) as refused:
        trust.signer(der(authorities.leaf(**made)), NOW)  # type: ignore[arg-type]
    assert refused.value.why is why


def test_more_certificates_that_are_wrong(authorities: Authorities, trust: Trust) -> None:
    for content, why in (
        (der(authorities.self_signed()), Forgery.UNTRUSTED),
        (der(authorities.elliptic()), Forgery.CERTIFICATE),
        (der(authorities.root), Forgery.ORGANIZATION),
        (der(authorities.issuing), Forgery.CERTIFICATE),
        (b"", Forgery.CERTIFICATE),
        (b"<html>", Forgery.CERTIFICATE),
        (der(authorities.leaf())[:-20], Forgery.CERTIFICATE),
    ):
        with pytest.raises(Forged) as refused:
            trust.signer(content, NOW)
        assert refused.value.why is why
    with pytest.raises(Forged) as refused:  # the chain is broken: nobody knows the issuing authority
        Trust([authorities.root]).signer(der(authorities.leaf()), NOW)
    assert refused.value.why is Forgery.UNTRUSTED


def test_whoever_has_a_certificate_cannot_give_out_others(authorities: Authorities, trust: Trust) -> None:
    owner = authorities.leaf(key="stranger")  # good, but no authority
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, MICROSOFT)])
    span = (NOW - timedelta(days=1), NOW + timedelta(days=1))
    given_out = certificate(name, rsa_key("leaf"), owner.subject, rsa_key("stranger"), *span)
    chain = b"".join(each.public_bytes(Encoding.PEM) for each in (given_out, owner, authorities.issuing))
    with pytest.raises(Forged) as refused:
        trust.signer(chain, NOW)
    assert refused.value.why is Forgery.UNTRUSTED


def test_a_demand_that_nobody_knows_is_not_passed_over(authorities: Authorities, trust: Trust) -> None:
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, MICROSOFT)])
    span = (NOW - timedelta(days=1), NOW + timedelta(days=1))
    demand = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00")
    given_out = certificate(name, rsa_key("leaf"), authorities.issuing_name, rsa_key("issuing"), *span, demand=demand)
    with pytest.raises(Forged) as refused:
        trust.signer(der(given_out), NOW)
    assert refused.value.why is Forgery.UNTRUSTED


def test_an_authority_may_say_little_of_itself_but_that_it_is_one(authorities: Authorities) -> None:
    root = (
        x509.CertificateBuilder()
        .subject_name(authorities.issuing_name)
        .issuer_name(authorities.issuing_name)
        .public_key(rsa_key("issuing").public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
    )
    plain = root.sign(rsa_key("issuing"), SHA256())
    named = root.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=False)
    assert Trust([named.sign(rsa_key("issuing"), SHA256())]).signer(der(authorities.leaf()), NOW)
    with pytest.raises(Forged):
        Trust([plain]).signer(der(authorities.leaf()), NOW)


def test_a_chain_is_no_longer_than_its_authority_allows(authorities: Authorities) -> None:
    short = (
        x509.CertificateBuilder()
        .subject_name(authorities.root_name)
        .issuer_name(authorities.root_name)
        .public_key(rsa_key("root").public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(rsa_key("root"), SHA256())
    )
    with pytest.raises(Forged):
        Trust([short], [authorities.issuing]).signer(der(authorities.leaf()), NOW)


def test_a_self_signed_certificate_is_not_made_good_by_trusting_it(authorities: Authorities) -> None:
    leaf = authorities.self_signed()
    with pytest.raises(Forged):
        Trust([leaf]).signer(der(leaf), NOW)


@pytest.mark.parametrize("wrong", ["other-key", "sha1", "empty"])
def test_signatures_that_are_wrong(wrong: str, authorities: Authorities, trust: Trust) -> None:
    signature = {
        "other-key": sign(BODY, "another"),
        "sha1": sign(BODY, algorithm=SHA1()),  # noqa: S303 a signature that must not pass
        "empty": "",
    }[wrong]
    signer = trust.signer(der(authorities.leaf()), NOW)
    claim = read_claim(headers(BODY, URL, signature=signature or "AA=="), [HOST])
    assert not check_signature(signer, claim, BODY)


# What is trusted -----------------------------------------------------------------------------------------------------


def test_the_ca_file_adds_to_what_is_trusted(authorities: Authorities, tmp_path: Path) -> None:
    leaf = authorities.genuine_pem()
    with pytest.raises(Forged):
        load_trust().signer(leaf, NOW)
    pem = tmp_path / "ca.pem"
    pem.write_bytes(b"# a comment\n" + authorities.anchors_pem())
    assert load_trust(str(pem)).signer(leaf, NOW)
    pem.write_bytes(der(authorities.root))  # as Microsoft's PKI repository gives them out
    assert load_trust(str(pem)).signer(leaf, NOW)


def test_a_ca_file_that_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot be read .*No such file"):
        load_trust(str(tmp_path / "missing.pem"))
    (tmp_path / "empty.pem").write_text("nothing here")
    with pytest.raises(ConfigError, match="holds no certificate"):
        load_trust(str(tmp_path / "empty.pem"))


# What is shipped -----------------------------------------------------------------------------------------------------

SHIPPED = Path(__file__).parents[3] / "bot" / "package_data" / "microsoft_intermediates"


def test_the_shipped_intermediates_are_microsofts_and_those_of_the_table() -> None:
    told = dict(re.findall(r"^\| ([\w ]+) \| `([0-9a-f]{64})` \|", (SHIPPED / "README.md").read_text(), re.MULTILINE))
    found = {}
    for path in SHIPPED.glob("*.crt"):
        (one,) = x509.load_pem_x509_certificates(path.read_bytes())
        assert one.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        organisations = one.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        assert [each.value for each in organisations] == ["Microsoft Corporation"]
        found[str(one.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)] = one.fingerprint(SHA256()).hex()
    assert found == told
    assert len(found) == 4
