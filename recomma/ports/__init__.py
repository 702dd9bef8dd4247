"""Everything this program needs from the outside, one Protocol each."""

from recomma.ports.deal_book import DealBook, DealHere, Sought, VenueTerms
from recomma.ports.errors import FenceLost, NotAllowed, NotThere, OutsideError, Unreadable
from recomma.ports.exchanges import Observed, Source, Venue
from recomma.ports.ledger import AccountBook, Claim, Ledger, Ruling
from recomma.ports.running import Clock, Jitter, Locks, Metrics, Publisher
from recomma.ports.signer_book import Consequence, DeadLetter, SignerBook, StoredBatch

__all__ = [
    "AccountBook",
    "Claim",
    "Clock",
    "Consequence",
    "DeadLetter",
    "DealBook",
    "DealHere",
    "FenceLost",
    "Jitter",
    "Ledger",
    "Locks",
    "Metrics",
    "NotAllowed",
    "NotThere",
    "Observed",
    "OutsideError",
    "Publisher",
    "Ruling",
    "SignerBook",
    "Sought",
    "Source",
    "StoredBatch",
    "Unreadable",
    "Venue",
    "VenueTerms",
]
