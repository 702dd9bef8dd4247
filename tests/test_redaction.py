"""What a dead letter never shows, and what it must go on showing."""

import pytest

from recomma.redaction import redacted, redacted_json

KEY = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"
PEM = "-----BEGIN RSA PRIVATE KEY" + "-----\nMIIEow+/x\nAB==\n-----END RSA PRIVATE KEY" + "-----"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (f"bad key 0x{KEY}", "bad key ***"),
        (f"bad key {KEY!r}", "bad key '***'"),
        (f"bad key {KEY.upper()}", "bad key ***"),
        (f"cannot read {PEM} here", "cannot read *** here"),
        (f"cut {PEM[:50]}", "cut ***"),
        ("postgresql+psycopg://me:pass@db:5432/x", "postgresql+psycopg://***@db:5432/x"),
        ("redis://:hush@redis:6379/0", "redis://***@redis:6379/0"),
        ("{'Signature': 'a1b2', 'APIKEY': 'c3'}", "{'Signature': ***, 'APIKEY': ***}"),
        ('{"secret": "two words"}', '{"secret": ***}'),
        ("api_key=abc&x=1", "api_key=***&x=1"),
        ("RECOMMA_THREECOMMAS_SECRET=abc def", "RECOMMA_THREECOMMAS_SECRET=*** def"),
        ("Authorization: Bearer abc.def", "Authorization: ***"),
        ("token " + "Zm9vYmFyYmF6cXV1eDEyMzQ1Njc4OTBhYmNkZWZnaGlq==", "token ***"),
    ],
)
def test_what_looks_like_a_secret_is_left_out(said: str, kept: str) -> None:
    assert redacted(said) == kept
    assert redacted(kept) == kept


@pytest.mark.parametrize(
    "said",
    [
        "0x" + "1aB2" * 10,  # The address of an account.
        "cloid 0x" + "0f" * 16,
        'File "/srv/app/lib/python3.11/site-packages/sqlalchemy/engine/base.py", line 1967, in x',
        "_a_function_whose_name_is_longer_than_forty_characters_is_1_name",
        "Order has invalid price. asset=3 at 2026-11-22T08:00:00.123456+00:00 for 0.23810000",
        "a signature is missing",
        "http://127.0.0.1:8080/public/api/ver1/deals/700001/show: 502",
    ],
)
def test_what_a_person_needs_is_kept(said: str) -> None:
    assert redacted(said) == said


def test_a_secret_is_found_at_any_depth_of_json() -> None:
    value = {"kwargs": [{"api_key": "abc", "deal_id": 7}], "headers": {"why": f"x{KEY}"}, "n": None}

    assert redacted_json(value) == {
        "kwargs": [{"api_key": "***", "deal_id": 7}],
        "headers": {"why": "***"},
        "n": None,
    }
