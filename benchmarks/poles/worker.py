"""The process of one contender: `python -m poles.worker MODULE DTYPE`.

For each seed, a line on standard input, it trains and answers with a line of JSON:

    {"seconds": of the processor, "returns": of its episodes, "average": of 100 fresh ones}

The parent limits its threads, by its environment and by the cores it may use.
"""

import json
import sys
from importlib import import_module
from time import process_time

from fastnn.examples.compiled.cart_pole import MOST_EPISODES

from .start import average_return


def main(name: str, dtype: str) -> None:
    """Compile, then answer until there is nothing more to read."""
    module = import_module(f"poles.{name}")
    module.train(0, dtype, 2)
    for line in sys.stdin:
        seed = int(line)
        begin = process_time()
        outputs, returns = module.train(seed, dtype, MOST_EPISODES)
        seconds = process_time() - begin
        average = average_return(outputs, seed=seed + 1000)
        answer = {"seconds": seconds, "returns": returns, "average": average}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
