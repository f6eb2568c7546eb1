"""Which run a receipt belongs to: its id, its machine, its process, and the scheduler's own ids.

All of it comes from the environment and from the system; nothing is looked up on a network.
"""

import hashlib
import os
import platform
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

VARIABLE = "TENTH_RUN_ID"
# variables that are kept as they are found: a scheduler, and what it calls this work
SCHEDULERS: dict[str, tuple[str, ...]] = {
    "slurm": (
        "SLURM_JOB_ID",
        "SLURM_STEP_ID",
        "SLURM_ARRAY_JOB_ID",
        "SLURM_ARRAY_TASK_ID",
        "SLURM_CLUSTER_NAME",
        "SLURM_JOB_NUM_NODES",
        "SLURM_NODEID",
        "SLURM_PROCID",
    ),
    "pbs": ("PBS_JOBID",),
    "lsf": ("LSB_JOBID", "LSB_JOBINDEX"),
    "grid engine": ("SGE_TASK_ID", "SGE_CLUSTER_NAME"),
    # a pod learns these if its manifest passes them on
    "kubernetes": ("POD_UID", "POD_NAME", "POD_NAMESPACE", "JOB_NAME", "JOB_COMPLETION_INDEX"),
    "github": ("GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT", "GITHUB_JOB", "GITHUB_REPOSITORY"),
    "gitlab": ("CI_PIPELINE_ID", "CI_JOB_ID", "CI_PROJECT_PATH"),
    "jenkins": ("BUILD_TAG",),
    "buildkite": ("BUILDKITE_BUILD_ID", "BUILDKITE_JOB_ID"),
    "circleci": ("CIRCLE_WORKFLOW_ID", "CIRCLE_BUILD_NUM"),
    "azure": ("BUILD_BUILDID", "AZUREML_RUN_ID"),
    "aws batch": ("AWS_BATCH_JOB_ID", "AWS_BATCH_JOB_NODE_INDEX"),
    "ray": ("RAY_JOB_ID",),
    "torchrun": ("TORCHELASTIC_RUN_ID", "RANK", "WORLD_SIZE"),
}
# those that name the same run in each of its processes, the surest first
_SHARED = (
    ("SLURM_JOB_ID",),
    ("PBS_JOBID",),
    ("LSB_JOBID", "LSB_JOBINDEX"),
    ("AWS_BATCH_JOB_ID",),
    ("AZUREML_RUN_ID",),
    ("GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT"),
    ("CI_PIPELINE_ID",),
    ("BUILDKITE_BUILD_ID",),
    ("CIRCLE_WORKFLOW_ID",),
    ("BUILD_TAG",),
    ("TORCHELASTIC_RUN_ID",),
)
_OWN = uuid.uuid4().hex[:16]  # what one process leaves is of one run, where nobody names it
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_SESSION = uuid.uuid4().hex[:8]  # containers of one machine may have the same process ids
_IN_A_POD, _POD = "KUBERNETES_SERVICE_HOST", "HOSTNAME"  # a pod is called as its host is
_SAYS_NOTHING = ("", "none")  # torchrun's id when nobody gave one


@dataclass(frozen=True)
class Run:
    """Where a receipt belongs. Receipts with one `id` add up (see merge.py).

    `node` and `process` tell machines and processes apart without naming them; `scheduler` holds
    the variables that a scheduler set.
    """

    id: str | None = None
    node: str | None = None
    process: str | None = None
    scheduler: dict[str, str] = field(default_factory=dict)

    @classmethod
    def here(cls, environment: Mapping[str, str] | None = None) -> Self:
        """The run that this process belongs to.

        Its id is TENTH_RUN_ID, else that of the scheduler, else one that this process and its forks
        share.
        """
        environment = os.environ if environment is None else environment
        found = {
            name: environment[name]
            for names in SCHEDULERS.values()
            for name in names
            if environment.get(name, "") not in _SAYS_NOTHING
        }
        if _IN_A_POD in environment and environment.get(_POD):
            found[_POD] = environment[_POD]
        own = environment.get(VARIABLE) or _shared(found) or _OWN
        return cls(own, node(), f"{os.getpid()}-{_SESSION}", found)

    def to_json(self) -> dict[str, Any]:
        """The form it has in a receipt."""
        return {
            "id": self.id,
            "node": self.node,
            "process": self.process,
            "scheduler": dict(self.scheduler),
        }

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(**{**form, "scheduler": dict(form["scheduler"])})


def node(boot: Path = _BOOT) -> str:
    """Twelve digits that tell machines apart; containers of one machine share them on Linux."""
    try:
        name = boot.read_text().strip()
    except OSError:
        name = platform.node()
    return hashlib.sha256(name.encode()).hexdigest()[:12]


def _shared(found: Mapping[str, str]) -> str | None:
    for names in _SHARED:
        if names[0] in found:
            words = [names[0].split("_")[0].lower(), *(found[n] for n in names if n in found)]
            return "-".join(words)
    return None
