"""What models cost: LLM_PRICES, else the provider's, else the dearest that this platform names."""

import pytest

from maskarad.errors import SettingsError
from maskarad.llm.prices import ASSUMED, Prices
from maskarad.price_list import price_of, read_prices
from maskarad.values import Price
from tests.llm.stub import Connect, Server, page

CHEAP, DEAR = Price(prompt=0.15, completion=0.6), Price(prompt=3.0, completion=15.0)


def test_what_the_operator_says_comes_first() -> None:
    prices = Prices({"a": CHEAP}, named=())
    prices.learn({"a": DEAR, "b": DEAR})
    assert (prices.of("a"), prices.of("b")) == (CHEAP, DEAR)


def test_a_variant_costs_what_its_model_does_unless_it_has_a_price() -> None:
    prices = Prices({}, named=())
    prices.learn({"vendor/a": DEAR, "vendor/a:free": Price(prompt=0, completion=0)})
    assert prices.of("vendor/a:nitro") == DEAR
    assert prices.of("vendor/a:free") == Price(prompt=0, completion=0)


def test_one_without_a_price_counts_as_the_dearest_that_is_in_use_here() -> None:
    prices = Prices({"a": Price(prompt=1.0, completion=20.0)}, named=("b",))
    prices.learn({"b": DEAR, "luxury": Price(prompt=150.0, completion=600.0)})
    assert prices.of("unheard/of") == Price(prompt=3.0, completion=20.0)


def test_where_only_cheap_ones_are_known_it_costs_no_less_than_where_none_is() -> None:
    prices = Prices({"mine": Price(prompt=0.0, completion=0.0), "a": CHEAP}, named=("b",))
    prices.learn({"b": CHEAP})
    assert prices.of("unheard/of") == ASSUMED


def test_where_nothing_is_known_it_is_assumed() -> None:
    assert Prices({}, named=("b",)).of("b") == ASSUMED


def test_an_operator_may_price_all_others() -> None:
    prices = Prices(read_prices(["*=0/0", "a=1/2"]), named=())
    assert prices.of("anything").money(1_000_000, 1_000_000) == 0
    assert prices.of("a") == Price(prompt=1.0, completion=2.0)


def test_of_several_that_may_answer_the_dearest_is_reserved() -> None:
    prices = Prices({"a": Price(prompt=1.0, completion=1.0), "b": Price(prompt=0.0, completion=5.0)}, named=())
    assert prices.dearest(("a", "b"), 1_000, 10) == 1_010
    assert prices.dearest(("a", "b"), 10, 1_000) == 5_000


def test_part_of_a_millionth_is_one() -> None:
    assert CHEAP.money(1, 0) == 1


def test_names_may_hold_what_they_like() -> None:
    assert read_prices(["vendor/a:b=c=0.15/0.60"]) == {"vendor/a:b=c": CHEAP}


@pytest.mark.parametrize("entry", ["a", "a=", "a=1", "=1/2", "a=1/x", "a=-1/2", "a=nan/1", "a=1/inf", "a=1/2/3"])
def test_what_is_no_price_is_refused(entry: str) -> None:
    with pytest.raises(SettingsError, match="LLM_PRICES"):
        read_prices([entry])


def test_a_provider_s_sign_for_it_depends_is_no_price() -> None:
    assert price_of("-1", "-1", times=1e6) is None


class TestFromTheProvider:
    async def test_prices_are_read_where_there_are_any(self, server: Server, connect: Connect) -> None:
        told = (
            '{"data": [{"id": "a", "pricing": {"prompt": "0.000001", "completion": "0.000004", "image": "0"}},'
            '{"id": "b"}, {"id": "c", "pricing": null}, {"id": "d", "pricing": {"prompt": "-1", "completion": "-1"}},'
            '{"id": "e", "pricing": "free"}, {"id": "f", "pricing": {"prompt": {}, "completion": []}}]}'
        )
        server.script = [page(told, "application/json")]
        assert await connect().list_prices() == {"a": Price(prompt=1.0, completion=4.0)}
