"""Carrying out what a page asks for: which job each effect is, as `storage.paging` defers them."""

from escalation.effects import AlertOperators, CancelCall, Effect, FetchClinician, OfferCallBack, PlaceCall, SendSms
from simulation.agenda import Process
from simulation.moving import Moving
from simulation.placing import Placing
from simulation.shell import Job
from simulation.store import Row
from simulation.texts import Texts
from simulation.world import Machine


class Carrying:
    """The jobs of a world."""

    def __init__(self, placing: Placing, moving: Moving, texts: Texts) -> None:
        self._placing = placing
        self._moving = moving
        self._texts = texts

    def job(self, row: Row, effect: Effect) -> Job:
        """The job that carries an effect out."""
        version, placing, moving = row.page.version, self._placing, self._moving
        match effect:
            case PlaceCall(number):
                return lambda machine: placing.place(row, number, machine, self.job(row, effect))
            case SendSms(number):
                return lambda machine: placing.text(row, number, machine, self.job(row, effect))
            case CancelCall(number):
                return lambda machine: placing.cancel(row, number, machine)
            case OfferCallBack(number) | FetchClinician(number):
                return lambda machine: moving.offer(row, number, version, machine)
            case AlertOperators():
                return lambda machine: self._alert(row, machine)
            case _:
                return lambda machine: moving.move(row, version, machine)

    def _alert(self, row: Row, _machine: Machine) -> Process[None]:
        self._texts.shell.up()
        self._texts.shell.crash_point()
        yield from self._texts.alert(row)
