"""A race of routes under one stopping rule, with a verdict and the bill of everything run.

arms        what runs                     terms      what is settled beforehand
jobs        one run of an arm             engines    where jobs run: processes, or this process
lengths     steps that a budget pays for  tuning     learning rates, by successive halving
contest     the seeds of the verdict      standing   how an arm stands at the end
verdict     the outcome                   results    what is on disk
forecast    how many runs, and how long
"""

from tenth.train.race.arms import Arm, default_arms, named
from tenth.train.race.driver import race
from tenth.train.race.engines import Alone, Engine, Run, Site
from tenth.train.race.forecast import Forecast
from tenth.train.race.processes import Processes
from tenth.train.race.terms import Budget, Terms
from tenth.train.race.verdict import Verdict

__all__ = [
    "Alone",
    "Arm",
    "Budget",
    "Engine",
    "Forecast",
    "Processes",
    "Run",
    "Site",
    "Terms",
    "Verdict",
    "default_arms",
    "named",
    "race",
]
