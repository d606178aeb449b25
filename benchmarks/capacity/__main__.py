"""The capacity model over benchmarks/scale.json: writes docs/scaling.md again, or shows what another usage needs.

python -m benchmarks.capacity                         # writes the page
python -m benchmarks.capacity --messages 5 --model 8  # only shows
"""

import argparse

import msgspec

from benchmarks.capacity import publishing
from benchmarks.capacity.usage import Usage
from benchmarks.scale.figures import Results
from benchmarks.scale.report import RESULTS


def main() -> None:
    usual = Usage()
    options = _options(usual)
    found = msgspec.json.decode(RESULTS.read_bytes(), type=Results)
    usage = Usage(messages_per_bot_hour=options.messages, model_seconds=options.model, chats_per_bot=options.chats)
    if usage == usual:
        publishing.publish(found)
    else:
        print(publishing.computed(found, usage))


def _options(usual: Usage) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.capacity", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    messages, seconds, chats = usual.messages_per_bot_hour, usual.model_seconds, usual.chats_per_bot
    parser.add_argument("--messages", type=float, default=messages, help=f"of people a bot and hour ({messages:g})")
    parser.add_argument("--model", type=float, default=seconds, help=f"seconds that the model takes ({seconds:g})")
    parser.add_argument("--chats", type=float, default=chats, help=f"of a bot ({chats:g})")
    return parser.parse_args()


if __name__ == "__main__":
    main()
