"""Everything this program needs from the outside, one Protocol each."""

from recomma.domain.commitments import Commitment, Commitments, SurveyedAccount
from recomma.domain.sharing import Neighbour
from recomma.ports.deal_book import DealBook, DealHere, Sought, VenueTerms
from recomma.ports.errors import FenceLost, NotAllowed, NotThere, OutsideError, Unreadable
from recomma.ports.exchanges import Observed, Source, Venue
from recomma.ports.ledger import AccountBook, Claim, Ledger, Ruling
from recomma.ports.running import Clock, Jitter, Locks, Metrics, Publisher
from recomma.ports.signer_book import (
    Consequence,
    DeadLetter,
    SignerBook,
    StoredBatch,
)
from recomma.ports.surveys import ForeignOrder, RolesRead, SurveyBook, Surveyed

__all__ = [
    "AccountBook",
    "Claim",
    "Clock",
    "Commitment",
    "Commitments",
    "Consequence",
    "DeadLetter",
    "DealBook",
    "DealHere",
    "FenceLost",
    "ForeignOrder",
    "Jitter",
    "Ledger",
    "Locks",
    "Metrics",
    "Neighbour",
    "NotAllowed",
    "NotThere",
    "Observed",
    "OutsideError",
    "Publisher",
    "RolesRead",
    "Ruling",
    "SignerBook",
    "Sought",
    "Source",
    "StoredBatch",
    "SurveyBook",
    "Surveyed",
    "SurveyedAccount",
    "Unreadable",
    "Venue",
    "VenueTerms",
]
