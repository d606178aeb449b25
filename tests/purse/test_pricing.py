"""Who asks the provider for prices, when, and who hears of them."""

from maskarad.db import prices as rows
from maskarad.db.engine import Database
from maskarad.errors import ModelError
from maskarad.llm.prices import ASSUMED, Prices
from maskarad.purse.pricing import Pricing
from maskarad.values import Price
from tests.support.clock import FakeClock

TEA, CAKE = Price(prompt=1.0, completion=2.0), Price(prompt=3.0, completion=4.0)


class Provider:
    def __init__(self) -> None:
        self.listed: dict[str, Price] = {"tea": TEA}
        self.error: ModelError | None = None
        self.asked = 0

    async def list_prices(self) -> dict[str, Price]:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return self.listed


def process(database: Database, provider: Provider, clock: FakeClock) -> tuple[Prices, Pricing]:
    prices = Prices({}, named=())
    return prices, Pricing(database, prices, list_prices=provider.list_prices, clock=clock)


async def test_one_asks_and_all_know(database: Database, clock: FakeClock) -> None:
    provider = Provider()
    prices, pricing = process(database, provider, clock)
    others, reading = process(database, provider, clock)
    await reading.read()
    assert others.of("tea") == ASSUMED
    await pricing.refresh()
    assert prices.of("tea") == TEA
    await reading.read()
    assert others.of("tea") == TEA
    assert provider.asked == 1


async def test_of_all_processes_one_asks_and_after_a_start_none_before_the_day_is_over(
    database: Database, clock: FakeClock
) -> None:
    provider = Provider()
    for hour in range(48):
        _, pricing = process(database, provider, clock)
        await pricing.refresh()
        clock.advance(3_600)
        assert provider.asked == 1 + hour // 24


async def test_one_that_lists_nothing_is_asked_once_a_day_by_each(database: Database, clock: FakeClock) -> None:
    provider = Provider()
    provider.listed = {}
    _, pricing = process(database, provider, clock)
    for _ in range(25):
        await pricing.refresh()
        clock.advance(3_600)
    assert provider.asked == 2


async def test_it_is_asked_once_a_day_and_what_it_says_then_replaces_the_rest(
    database: Database, clock: FakeClock
) -> None:
    provider = Provider()
    prices, pricing = process(database, provider, clock)
    await pricing.refresh()
    provider.listed = {"cake": CAKE}
    clock.advance(86_399)
    await pricing.refresh()
    assert prices.of("tea") == TEA
    clock.advance(1)
    await pricing.refresh()
    assert await database.read(rows.everything) == {"cake": CAKE}
    assert prices.of("cake") == CAKE
    assert provider.asked == 2


async def test_who_tells_nothing_changes_nothing(database: Database, clock: FakeClock) -> None:
    provider = Provider()
    prices, pricing = process(database, provider, clock)
    await pricing.refresh()
    clock.advance(86_400)
    provider.listed = {}
    await pricing.refresh()
    clock.advance(86_400)
    provider.error = ModelError("unavailable")
    await pricing.refresh()
    assert await database.read(rows.everything) == {"tea": TEA}
    assert prices.of("tea") == TEA


async def test_after_a_failure_the_next_look_asks_again(database: Database, clock: FakeClock) -> None:
    provider = Provider()
    prices, pricing = process(database, provider, clock)
    provider.error = ModelError("timeout")
    await pricing.refresh()
    provider.error = None
    await pricing.refresh()
    assert prices.of("tea") == TEA
