"""What the 3Commas client puts on the wire, and what it makes of the answers."""

import json
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import structlog
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from recomma.adapters.threecommas.client import ThreeCommas
from recomma.adapters.threecommas.credentials import Credentials
from recomma.adapters.threecommas.errors import Garbled, KeyRefused
from recomma.domain.bots import SourceBot
from recomma.domain.source import EventKind, Strategy
from recomma.ports import Source
from recomma.signing.threecommas import Scheme, verify_hmac, verify_rsa
from tests.adapters.threecommas_wire import (
    API_KEY,
    SECRET,
    Says,
    Wire,
    always,
    bot_json,
    client,
    deal_json,
    row_json,
)

NOON = datetime(2025, 3, 4, 12, 0, tzinfo=UTC)


def query(request: requests.PreparedRequest) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(urlsplit(request.path_url).query).items()}


def paged(rows: list[dict[str, object]]) -> Wire:
    """Answer any list request like 3Commas does: `limit` rows from `offset` on."""

    def answer(request: requests.PreparedRequest) -> Says:
        asked = query(request)
        start = int(asked["offset"])
        return Says(rows[start : start + int(asked["limit"])])

    return Wire(answer)


# What goes out.


def test_the_request_line_is_what_is_signed() -> None:
    wire = always(Says([]))

    client(wire).active_deals()

    (asked,) = wire.asked
    assert asked.method == "GET"
    assert asked.path_url.startswith("/public/api/ver1/deals?")
    assert asked.headers["Apikey"] == API_KEY
    assert verify_hmac(SECRET, asked.path_url.encode(), asked.headers["Signature"])


def test_an_rsa_key_signs_as_well() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    wire = always(Says({"valid": True}))

    client(wire, credentials=Credentials(API_KEY, pem, Scheme.RSA)).validate()

    (asked,) = wire.asked
    assert verify_rsa(public.decode(), asked.path_url.encode(), asked.headers["Signature"])


def test_every_request_says_real_or_paper_and_has_time_outs() -> None:
    wire = always(Says([]))

    client(wire).bots()
    client(wire).payload(7)

    assert {asked.headers["Forced-Mode"] for asked in wire.asked} == {"real"}
    assert wire.timeouts == [(3.0, 30.0), (3.0, 10.0)]  # Long lists take their time.


@pytest.mark.parametrize(
    ("base_url", "begin"),
    [
        ("http://127.0.0.1:1234", "http://127.0.0.1:1234/public/api/ver1/validate"),
        ("http://127.0.0.1:1234/", "http://127.0.0.1:1234/public/api/ver1/validate"),
        ("https://x.invalid/public/api/", "https://x.invalid/public/api/ver1/validate"),
        ("https://x.invalid/stand-in", "https://x.invalid/stand-in/ver1/validate"),
    ],
)
def test_any_stand_in_can_be_named(base_url: str, begin: str) -> None:
    wire, session = always(Says({"valid": True})), requests.Session()
    session.mount("http://", wire)
    session.mount("https://", wire)

    ThreeCommas(base_url, Credentials(API_KEY, SECRET), session=session).validate()

    assert wire.asked[0].url == begin


@pytest.mark.parametrize(
    "base_url", ["", "api.3commas.io", "ftp://x", "https://", "https://u:p@x.invalid", "http://x?a"]
)
def test_a_url_that_cannot_be_meant_is_refused_at_the_start(base_url: str) -> None:
    with pytest.raises(ValueError, match="3Commas URL"):
        ThreeCommas(base_url, Credentials(API_KEY, SECRET))


def test_a_mode_that_3commas_does_not_have_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="real or paper"):
        ThreeCommas("http://x.invalid", Credentials(API_KEY, SECRET), forced_mode="demo")


def test_a_redirect_is_not_followed() -> None:
    """It would carry the key to another place."""
    wire = always(Says(status=302, headers={"Location": "https://elsewhere.invalid/"}))

    with pytest.raises(Garbled):
        client(wire).validate()

    assert len(wire.asked) == 1


def test_nothing_is_tried_again_in_here() -> None:
    wire = always(Says(status=503))

    with pytest.raises(Exception, match="503"):
        client(wire).bots()

    assert len(wire.asked) == 1


# Secrets.


def test_no_text_shows_the_key_or_the_secret() -> None:
    credentials = Credentials(API_KEY, SECRET)
    texts = [repr(credentials), str(credentials), repr(client(always(Says()))), f"{credentials}"]

    assert not [text for text in texts if API_KEY in text or SECRET in text]


@pytest.mark.parametrize(
    ("api_key", "secret"),
    [("", SECRET), ("kéy", SECRET), ("key\n", SECRET), ("a key", SECRET), (API_KEY, "")],
)
def test_a_key_that_no_header_can_carry_is_refused_without_quoting_it(
    api_key: str, secret: str
) -> None:
    with pytest.raises(ValueError, match="3Commas") as error:
        Credentials(api_key, secret)

    assert not api_key or api_key not in str(error.value)


def test_a_broken_private_key_is_found_at_the_start() -> None:
    with pytest.raises(ValueError, match="PEM"):
        Credentials(API_KEY, "not a key", Scheme.RSA)


# Lists.


def test_one_request_covers_a_thousand_deals() -> None:
    wire = paged([deal_json(n) for n in range(999)])

    deals = client(wire).active_deals()

    assert len(deals) == 999
    assert len(wire.asked) == 1
    asked = query(wire.asked[0])
    assert (asked["scope"], asked["limit"], asked["offset"]) == ("active", "1000", "0")


def test_more_than_fifty_bots_and_a_thousand_deals_are_seen() -> None:
    bots = client(paged([bot_json(n) for n in range(250)])).bots()
    deals = client(paged([deal_json(n) for n in range(2100)])).active_deals()

    assert [bot.id for bot in bots] == list(range(250))
    assert [deal.id for deal in deals] == list(range(2100))


def test_a_deal_that_comes_twice_while_paging_is_taken_once_and_newest() -> None:
    first = [deal_json(n) for n in range(1000)]
    second = [deal_json(999, status="ttp_activated"), deal_json(1000)]

    deals = client(always(Says(first), Says(second))).active_deals()

    assert len(deals) == 1001
    assert [deal.status for deal in deals if deal.id == 999] == ["ttp_activated"]


def test_a_server_that_ignores_the_offset_does_not_keep_us_for_ever() -> None:
    wire = always(Says([bot_json(n) for n in range(100)]))

    assert len(client(wire).bots()) == 100
    assert len(wire.asked) == 2


def test_a_bot_is_read_with_what_a_mirror_needs() -> None:
    wire = paged([bot_json(is_enabled=False, strategy="short", pairs=["USDT_ADA", "USDT_SOL"])])

    assert client(wire).bots() == (
        SourceBot(11, "ADA slow", 12, False, Strategy.SHORT, ("USDT_ADA", "USDT_SOL")),
    )


def test_a_deal_that_we_cannot_understand_does_not_hide_the_others() -> None:
    wire = paged([deal_json(1), deal_json(2, strategy="sideways"), deal_json(3)])

    with structlog.testing.capture_logs() as logged:
        deals = client(wire).active_deals()

    assert [deal.id for deal in deals] == [1, 3]
    assert [(entry["event"], entry["id"]) for entry in logged] == [("unreadable_row", 2)]
    assert "sideways" not in str(logged)


# One deal.


def one_deal(show: object, rows: object) -> Wire:
    return Wire(lambda r: Says(rows if r.path_url.endswith("/market_orders") else show))


def test_a_reading_has_the_deal_its_rows_and_its_events_in_order_of_time() -> None:
    events = [
        {"message": "Base order executed. Odd.", "created_at": "2025-03-04T12:00:03Z"},
        {"message": "Updating base order", "created_at": "2025-03-04T12:00:01Z"},
        {"message": "Start command received", "created_at": "2025-03-04T12:00:01Z"},
    ]
    rows = [row_json("902", created_at="2025-03-04T12:00:09Z"), row_json("901")]

    reading = client(one_deal(deal_json(7, bot_events=events), rows)).read(7, NOON)

    assert (reading.deal.id, reading.at) == (7, NOON)
    assert [order.order_id for order in reading.orders] == ["901", "902"]
    assert [event.kind for event in reading.events] == [
        EventKind.BASE_REPRICED,
        EventKind.BOT_LEVEL,
        EventKind.UNKNOWN,
    ]


def test_the_rows_are_read_before_the_events_that_number_them() -> None:
    wire = one_deal(deal_json(7), [])

    client(wire).read(7, NOON)

    assert wire.targets == [
        "/public/api/ver1/deals/7/market_orders",
        "/public/api/ver1/deals/7/show",
    ]


def test_an_observation_keeps_both_payloads_as_they_came() -> None:
    show, rows = deal_json(7, note="x", new_field={"a": [1]}), [row_json()]

    observed = client(one_deal(show, rows)).observe(7, NOON)

    assert observed.raw == {"show": show, "market_orders": rows}
    assert observed.reading == client(one_deal(show, rows)).read(7, NOON)


def test_an_observation_has_no_binary_fractions() -> None:
    odd = b'"a": 0.1, "b": [NaN, 12345678901234567890.123456789]'
    show = json.dumps(deal_json(7)).encode().replace(b'"id": 7', b'"id": 7, ' + odd, 1)

    raw = client(one_deal(show, [])).observe(7, NOON).raw["show"]

    assert isinstance(raw, dict)
    assert (raw["a"], raw["b"]) == ("0.1", [None, "12345678901234567890.123456789"])


def test_an_answer_about_another_deal_is_not_believed() -> None:
    with pytest.raises(Garbled):
        client(one_deal(deal_json(8), [])).read(7, NOON)


def test_the_client_is_what_the_pipeline_calls_a_source() -> None:
    source: Source = client(one_deal(deal_json(7), []))  # The type checker tests this.

    assert source.observe(7, NOON).reading.deal.id == 7


def test_a_single_deal_can_be_read_after_it_ended() -> None:
    ended = deal_json(7, **{"finished?": True, "closed_at": "2025-03-05T00:00:00Z"})

    deal = client(always(Says(ended))).deal(7)

    assert deal.finished
    assert deal.closed_at == datetime(2025, 3, 5, tzinfo=UTC)


def test_valid_credentials_are_told_from_others() -> None:
    client(always(Says({"valid": True}))).validate()
    with pytest.raises(KeyRefused):
        client(always(Says({"valid": False}))).validate()
