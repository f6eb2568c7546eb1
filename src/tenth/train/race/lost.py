"""What is paid for a worker that died: only the clock is left of it."""

from dataclasses import replace

from tenth.catalogue import devices
from tenth.figures import Figure, product, unknown
from tenth.receipt import Place, Stage
from tenth.receipt.energy import dollars, grams
from tenth.receipt.price import hourly_price
from tenth.train.race.jobs import Ended, Job, Try


def lost(job: Job, seconds: float, threads: int, reason: str) -> Ended:
    """The end of a job whose worker died after so many seconds on so many threads.

    It is charged as if it had been busy all the time; its FLOPs are unknown.
    """
    source = "clock of the race, from start to death of a worker"
    wall = Figure(seconds, "s", label="measured", source=source)
    busy = Figure(seconds * threads, "s", label="estimated", source=source)
    here = devices.here()
    joules = product([busy, here.watts_per_thread], "J", f"{source} × watts of a busy thread")
    count = unknown("FLOP", "the worker died")
    money = dollars(seconds * threads / (here.threads or threads), hourly_price())
    figures = {
        "wall_seconds": wall,
        "cpu_seconds": busy,
        "flops_useful": count,
        "flops_executed": count,
        "energy_joules": joules,
        "carbon_gco2e": grams(joules, Place.find(job.settings.place)),
        "price_usd": replace(money, source=f"{source}; {money.source}") if money.known else money,
    }
    return Ended.of(job, [Try(job.seed, Stage(f"seed {job.seed}", figures), failure=reason)])
