"""What is asked of the model, counted by what for."""

import pytest

from maskarad.errors import ModelError, ModelRetryable
from maskarad.llm.metered import MeteredModel
from maskarad.metrics import Metrics
from maskarad.values import Completion, CompletionRequest, Purpose, Taken
from tests.support.counts import sample

REQUEST = CompletionRequest(messages=())


class Model:
    def __init__(self, *answers: Completion | ModelError) -> None:
        self._answers = iter(answers)

    async def complete(self, _request: CompletionRequest) -> Completion:
        answer = next(self._answers)
        if isinstance(answer, ModelError):
            raise answer
        return answer


IN_VAIN = Taken(model="canary", prompt_tokens=7, completion_tokens=3)


def answer(prompt_tokens: int, completion_tokens: int, in_vain: tuple[Taken, ...] = ()) -> Completion:
    return Completion(
        text="canary",
        model="canary",
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        latency=1.0,
        in_vain=in_vain,
    )


async def test_calls_and_tokens_count_once_for_their_purpose() -> None:
    metrics = Metrics()
    failures = [ModelError("timeout", taken=(IN_VAIN, IN_VAIN)), ModelRetryable("rate_limited"), ModelError("seltsam")]
    turns = MeteredModel(Model(answer(100, 20), *failures, answer(5, 0, in_vain=(IN_VAIN,))), metrics, Purpose.TURN)
    summaries = MeteredModel(Model(answer(1_000, 300)), metrics, Purpose.SUMMARY)
    for failure in [None, *failures, None]:
        if failure is None:
            assert (await turns.complete(REQUEST)).text == "canary"
        else:
            with pytest.raises(ModelError) as raised:
                await turns.complete(REQUEST)
            assert raised.value is failure
    await summaries.complete(REQUEST)
    calls = {
        (purpose, result): found
        for purpose in ("turn", "summary")
        for result in ("ok", "timeout", "rate_limited", "other", "refused")
        if (found := sample(metrics, "maskarad_model_calls_total", purpose=purpose, result=result))
    }
    assert calls == {
        ("turn", "ok"): 2,
        ("turn", "timeout"): 1,
        ("turn", "rate_limited"): 1,
        ("turn", "other"): 1,
        ("summary", "ok"): 1,
    }
    assert sample(metrics, "maskarad_model_seconds_count", purpose="turn") == 5
    assert sample(metrics, "maskarad_model_tokens_total", kind="prompt") == 1_105 + 3 * 7
    assert sample(metrics, "maskarad_model_tokens_total", kind="completion") == 320 + 3 * 3
    assert sample(metrics, "maskarad_errors_total", kind="ModelError") == 2
    assert sample(metrics, "maskarad_errors_total", kind="ModelRetryable") == 1
    assert "canary" not in metrics.exposition().decode()
    assert "seltsam" not in metrics.exposition().decode()
