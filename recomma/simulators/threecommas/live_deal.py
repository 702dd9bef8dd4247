"""A deal that the engine runs, and that takes commands (threecommas.md 4.5)."""

from dataclasses import replace

from recomma.simulators.threecommas.engine.actions import Action
from recomma.simulators.threecommas.engine.engine import DealScript
from recomma.simulators.threecommas.revised_deal import History, RevisedDeal
from recomma.simulators.threecommas.switches import Switches
from recomma.simulators.threecommas.what_if import Script, play_deal


class LiveDeal(RevisedDeal):
    """A what-if deal. A command is one more action; the engine runs the deal again with it.

    What has happened before the command stays as it was, to the millisecond.
    """

    def __init__(self, script: Script, deal: DealScript, *, seed: int, switches: Switches) -> None:
        self._script = script
        self._deal = deal
        self._run = play_deal(script, deal, seed)
        super().__init__(History.of(self._run.payload), seed=seed, switches=switches)

    def act(self, action: Action) -> bool:
        """Let the action happen; return False, and change nothing, if the deal refuses it."""
        deal = replace(self._deal, actions=(*self._deal.actions, action))
        run = play_deal(self._script, deal, self._seed)
        if self.finished(action.at) or action in run.refused:
            return False
        self._deal, self._run = deal, run
        self._set(History.of(run.payload))
        return True
