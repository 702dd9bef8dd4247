"""Signatures of 3Commas requests, against vectors that other programs computed."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from recomma.signing.threecommas import (
    Scheme,
    UnreadableKey,
    sign_hmac,
    sign_rsa,
    signed_string,
    verify_hmac,
    verify_rsa,
)
from tests.adapters.threecommas_wire import recorded

TARGET = "/public/api/ver1/bots?limit=100&offset=0"
# Made with: openssl dgst -sha256 -hmac only-for-tests
HMAC_BY_OPENSSL = "1e163d9801c1c0a5eb10a5befa30c7d00ac49745881ea8c1424fd351dd2c94eb"
# Made with: openssl dgst -sha256 -sign, by a key that was thrown away.
PUBLIC_KEY = """-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAyxLggZPjsN48WuVOAyZv
hKQ3GQuS5i4KuBO9BQR9Az7AT2Mqy6gKsHcdVdLSYno/UATuPOVYsMaWmFdZv/rA
37mZb7lEULaozuLKycMnCZpKcjJ4Cnh4bfm2DsnG0T/i7SyTmSZ6ok+vLkD36QuM
CQ/wFNWxQLCAAvA06yiAlNo0PCZ6k/wlwlP8q9QDuVWiokbVGIvgFa1Np0Vu7fTh
n3WKQ7T9SBY3QhamZJo697fLiyHUNJQuVfMYO5wyhm6mmdaH5aiZYX5BJFajk11R
LDEKXKxZxQTKVwITxn+dg53uTxYjyDDenOe0qL3LBuO/6/gRD8bRngGQhhsMNWQZ
pQIDAQAB
-----END PUBLIC KEY-----
"""
RSA_BY_OPENSSL = (
    "k4m/3oGw2NMwHTFV5W+0Z8zwpfmU5sDW8bVw2+XEOsY94NK6+lLVoJ8IGirhWIdJ8PyBiPkwwAbf1RlfOwzAAv"
    "Ck8iV41LbxLLjBHmvApadx63XAClRRuPm31Krewg8Ufw4QPjwAzOOKMWeyb5ICO+V4vxQpT2vb5/SOgdBPnsGe"
    "DUgVE3R734UZfDJrOrrq1tq/0UOh62RYo7vrq5awNLiNWyIr+j02pPpli1Urvo/feJRZEY2hzqlVMKPGXexyE0"
    "jA1IKdJ9pbTk27N8J1JJhIKsaV/yeLRtKkvEdHJMV11Aqv2giY0fNSIm6vg5x6mBszVOgj3X3M3BPEROObNw=="
)


def pem_of(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def test_an_hmac_signature_is_the_one_openssl_makes() -> None:
    signed = signed_string(TARGET, scheme=Scheme.HMAC)

    assert sign_hmac("only-for-tests", signed) == HMAC_BY_OPENSSL


def test_the_hmac_vector_of_rfc_4231_holds() -> None:
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"

    assert sign_hmac("Jefe", b"what do ya want for nothing?") == expected


def test_an_rsa_signature_made_by_openssl_is_accepted() -> None:
    assert verify_rsa(PUBLIC_KEY, signed_string(TARGET, scheme=Scheme.RSA), RSA_BY_OPENSSL)


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_what_an_rsa_key_signs_its_public_half_accepts(
    rsa_key: rsa.RSAPrivateKey, form: PrivateFormat
) -> None:
    private = rsa_key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()
    public = rsa_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    signature = sign_rsa(private, b"/deals")

    assert verify_rsa(public.decode(), b"/deals", signature)
    assert not verify_rsa(public.decode(), b"/bots", signature)
    assert "\n" not in signature


@pytest.mark.parametrize(
    ("body", "content_type", "hmac", "rsa_"),
    [
        (b"", None, "/p", "/p"),
        (b"a=1", "application/x-www-form-urlencoded", "/p?a=1", "/p?a=1"),
        (b'{"a": 1}', "application/json", '/p?{"a": 1}', '/p{"a": 1}'),
        (b'{"a": 1}', "Application/JSON; charset=utf-8", '/p?{"a": 1}', '/p{"a": 1}'),
    ],
)
def test_a_body_is_signed_after_the_path(
    body: bytes, content_type: str | None, hmac: str, rsa_: str
) -> None:
    signed = {
        scheme: signed_string("/p", body=body, content_type=content_type, scheme=scheme)
        for scheme in Scheme
    }

    assert signed == {Scheme.HMAC: hmac.encode(), Scheme.RSA: rsa_.encode()}


def test_the_case_of_an_hmac_signature_does_not_matter() -> None:
    signed = signed_string(TARGET, scheme=Scheme.HMAC)

    assert verify_hmac("only-for-tests", signed, HMAC_BY_OPENSSL.upper())


@pytest.mark.parametrize("signature", ["", "00", "é", "\x00", HMAC_BY_OPENSSL[:-1] + "0"])
def test_a_wrong_hmac_signature_is_refused(signature: str) -> None:
    assert not verify_hmac("only-for-tests", TARGET.encode(), signature)


@pytest.mark.parametrize(
    "signature", ["", "é", "====", "AAAA", RSA_BY_OPENSSL.swapcase(), RSA_BY_OPENSSL + "\n"]
)
def test_a_wrong_rsa_signature_is_refused(signature: str) -> None:
    assert not verify_rsa(PUBLIC_KEY, TARGET.encode(), signature)


@pytest.mark.parametrize("pem", ["", "nonsense", PUBLIC_KEY])
def test_an_unreadable_private_key_is_named_without_quoting_it(pem: str) -> None:
    with pytest.raises(UnreadableKey) as error:
        sign_rsa(pem, b"")

    assert "BEGIN" not in str(error.value)
    assert error.value.__cause__ is None


def test_a_key_of_another_kind_is_refused() -> None:
    with pytest.raises(UnreadableKey):
        sign_rsa(pem_of(ec.generate_private_key(ec.SECP256R1())), b"")


def test_all_vectors_of_the_reference_hold() -> None:
    said = json.loads(recorded("signing_vectors.json"))
    for vector in said["vectors"]:
        target = vector["path"] + (f"?{vector['query']}" if vector["query"] else "")
        kind = "application/json" if vector["body"].startswith("{") else None
        by_scheme = {
            scheme: signed_string(
                target, body=vector["body"].encode(), content_type=kind, scheme=scheme
            )
            for scheme in Scheme
        }

        by_hmac, by_rsa = vector["hmac_sha256_hex"], vector["rsa_sha256_pkcs1v15_base64"]
        assert by_scheme[Scheme.HMAC].decode() == vector["hmac_signed_string"]
        assert by_scheme[Scheme.RSA].decode() == vector["rsa_signed_string"]
        assert sign_hmac(said["hmac_secret"], by_scheme[Scheme.HMAC]) == by_hmac
        assert sign_rsa(said["rsa_private_key_pem"], by_scheme[Scheme.RSA]) == by_rsa
        assert verify_rsa(said["rsa_public_key_pem"], by_scheme[Scheme.RSA], by_rsa)
