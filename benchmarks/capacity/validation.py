"""The simulation beside the cluster it is fitted to: the same people at the same times before both."""

from collections.abc import Sequence

from benchmarks.capacity.model import service
from benchmarks.capacity.simulation import Seen, Shape, Simulation
from benchmarks.capacity.usage import Arrival
from benchmarks.scale.figures import Results, Round
from benchmarks.scale.growth import CHATS, arrivals
from benchmarks.waits import Times, times
from maskarad.values import Value

GATEWAYS = 2


class Beside(Value, frozen=True):
    """A measured round and the same, simulated."""

    measured: Round
    answered: float
    waits: Times

    @property
    def off(self) -> tuple[float, float, float]:
        """Answers a second, p50 and p95: by what share of the measured one the simulated one is higher."""
        return (
            self.answered / self.measured.answered - 1,
            self.waits.p50 / self.measured.waits.p50 - 1,
            self.waits.p95 / self.measured.waits.p95 - 1,
        )


def beside(measured: Results) -> tuple[Beside, ...]:
    return tuple(_one(measured, each) for each in measured.rounds)


def simulate(measured: Results, workers: int, rate: float, seconds: float, seed: int) -> Seen:
    """A round as `benchmarks.scale.growth` plays it."""
    shape = Shape(gateways=GATEWAYS, workers=workers, places=measured.places, postgres_cores=measured.machine.cores)
    shown = max(measured.unloaded.asked_to_shown.p50, 0.0)
    simulation = Simulation(shape, service(measured, shown), model=lambda: measured.model_seconds, limited=False)
    said = (
        Arrival(at=at, bot=1, chat=number % CHATS, kind="private")
        for number, at in enumerate(arrivals(rate, seconds, seed))
    )
    return simulation.play(said, seconds)


def _one(measured: Results, played: Round) -> Beside:
    seen = simulate(measured, played.workers, played.rate, played.seconds, played.seed)
    first = played.seconds / 4
    ended = sum(first <= end < played.seconds for end in seen.ends) / (played.seconds - first)
    return Beside(measured=played, answered=ended, waits=times(seen.answered))


def worst(found: Sequence[Beside]) -> tuple[float, float, float]:
    """Shares, each the furthest off, without its sign."""
    answered, p50, p95 = (max(abs(each.off[place]) for each in found) for place in range(3))
    return answered, p50, p95
