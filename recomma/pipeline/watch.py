"""Watch: read one account's active deals and leave a note for each that changed."""

from recomma.domain.first_sight import was_running
from recomma.domain.notes import plan, survey
from recomma.domain.reasons import Reason
from recomma.domain.verdict import Done, Verdict
from recomma.ports import Clock, Ledger, Source


def watch(
    account: str, *, source: Source, ledger: Ledger, fence: int | None, clock: Clock
) -> Verdict:
    """Compare the list of active deals with the one before.

    A deal that has vanished from the list has ended: it is read once more by its id, because its
    last events never show in the list (threecommas.md 13.3). Where deals were running before they
    are seen, the venues of their bots are surveyed: somebody else may have entered them.
    """
    deals = source.active_deals()
    with ledger.account(account, fence) as book:
        new_bots = {deal.bot_id for deal in deals} - book.bots_known()
    bots = source.bots() if new_bots else ()
    with ledger.account(account, fence) as book:
        # Not before: a survey that ended while the list was read does not know the new deals.
        now = clock()
        if bots:
            book.bots_seen(bots, now)
        known = book.known()
        changed = [deal.id for deal in deals if known.get(deal.id) != deal]
        gone = known.keys() - {deal.id for deal in deals}
        new = book.seen(deals, now)
        found = {d.bot_id for d in deals if d.id in new and was_running(d.created_at, now)}
        for venue in book.venues_of(found):
            book.leave(survey(venue), now)
        for deal_id in sorted({*changed, *gone}):
            book.leave(plan(deal_id), now)
    told = f"{len(deals)} active, {len(changed)} changed, {len(gone)} gone"
    return Done(told, mended=Reason.SOURCE_REFUSED)
