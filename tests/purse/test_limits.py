"""Periods, and limits as the settings say."""

from datetime import UTC, datetime
from typing import Any

import pytest

from maskarad.db.purses import NO_LIMIT, Most, Purse
from maskarad.purse.limits import Limits, end_of, period_of, purse_of
from maskarad.purse.notice import rest_notice
from maskarad.settings import Settings
from maskarad.texts import load_texts
from maskarad.values import Scope


def at(*date: int) -> float:
    return datetime(*date, tzinfo=UTC).timestamp()  # type: ignore[arg-type, misc]  # year, month, day, hour, minute


def settings(**given: Any) -> Settings:
    return Settings(_env_file=None, **given)  # type: ignore[call-arg]  # pydantic-settings' own keyword


@pytest.mark.parametrize("scope", [Scope.USER, Scope.BOT, Scope.SPONTANEOUS, Scope.SUMMARY])
def test_a_day_is_of_utc(scope: Scope) -> None:
    assert period_of(scope, 0.0) == 0
    assert period_of(scope, at(1970, 1, 2)) == 1
    assert period_of(scope, at(1970, 1, 2, 23, 59)) == 1
    assert end_of(purse_of(scope, 1, at(2026, 11, 21, 12))) == at(2026, 11, 22)


def test_an_owner_s_is_a_month() -> None:
    assert period_of(Scope.OWNER, 0.0) == 0
    assert period_of(Scope.OWNER, at(1971, 1, 31, 23, 59)) == 12
    assert end_of(purse_of(Scope.OWNER, 1, at(2026, 11, 30, 23, 59))) == at(2026, 12, 1)
    assert end_of(purse_of(Scope.OWNER, 1, at(2026, 12, 1))) == at(2027, 1, 1)


def test_zero_is_no_limit_where_the_settings_say_so() -> None:
    found = Limits.of(settings(limit_user_day_messages=0, limit_user_day_tokens=0, limit_user_day_money=0))
    assert found.user == Most()
    assert Limits.of(settings(spontaneity_day_money=0)).spontaneous.money == NO_LIMIT


def test_a_limit_too_small_to_be_counted_is_still_one() -> None:
    assert Limits.of(settings(limit_user_day_money=0.0000001)).most(Scope.USER).money == 1


def test_zero_calls_are_none() -> None:
    found = Limits.of(settings(spontaneity_calls_per_day=0, summary_calls_per_day=0))
    assert found.spontaneous.messages == found.summary.messages == 0
    assert Limits.of(settings(summaries=False)).summary.messages == 0


def test_who_sets_nothing_is_protected() -> None:
    found = Limits.of(settings())
    assert found.user == Most(messages=200, tokens=1_500_000, money=500_000)
    assert found.bot == Most(messages=2_000, tokens=15_000_000, money=2_000_000)
    assert found.owner == Most(messages=20_000, tokens=150_000_000, money=20_000_000)
    assert found.spontaneous == Most(messages=20, money=200_000)
    assert found.summary == Most(messages=20)


@pytest.mark.parametrize(
    ("now", "scope", "language", "text"),
    [
        (at(2026, 11, 21, 23, 59), Scope.USER, "en", "in about 1 hour."),
        (at(2026, 11, 21, 19), Scope.BOT, "uk", "приблизно за 5 годин."),
        (at(2026, 11, 21, 22), Scope.USER, "ru", "примерно через 2 часа."),
        (at(2026, 11, 30, 12), Scope.OWNER, "ru", "примерно через 12 часов."),
        (at(2026, 11, 28), Scope.OWNER, "uk", "приблизно за 3 дні."),
        (at(2026, 11, 10), Scope.OWNER, "uk", "приблизно за 21 день."),
    ],
)
def test_a_persona_says_roughly_when_it_goes_on(now: float, scope: Scope, language: str, text: str) -> None:
    said = rest_notice(load_texts(), language, purse_of(scope, 1, now), now)
    assert said.endswith(text)


def test_each_purse_has_a_sentence_that_is_true_of_it() -> None:
    now = at(2026, 11, 21)
    scopes = (Scope.USER, Scope.BOT, Scope.OWNER)
    said = [rest_notice(load_texts(), "en", purse_of(each, 1, now), now).partition(".")[0] for each in scopes]
    assert said == ["I can't answer you for now", "I need a little rest now", "I'll be away for a while"]


def test_a_purse_of_the_past_goes_on_at_once() -> None:
    said = rest_notice(load_texts(), "en", Purse(scope=Scope.USER, holder=1, period=1), at(2026, 1, 1))
    assert said.endswith("in about 1 hour.")
