"""A race on a small Ray cluster of this machine gives what local processes give."""

from pathlib import Path

import pytest

import tiny
from tenth.adapters.ray import Ray
from tenth.errors import InputError, TaskError
from tenth.fit import Settings
from tenth.train import Arm
from tenth.train.race import Alone, Site
from tenth.train.race.jobs import Job

ray = pytest.importorskip("ray")
pytestmark = pytest.mark.filterwarnings("ignore")  # those of Ray itself


@pytest.fixture(scope="module")
def cluster():
    try:
        ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    except Exception as error:
        pytest.skip(f"no Ray cluster can start here: {error}")
    yield
    ray.shutdown()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "tiny_task.py"
    folder = str(Path(tiny.__file__).parent)
    path.write_text(
        f"import sys\nsys.path.insert(0, {folder!r})\nimport tiny\ntask = tiny.task(small=None)\n"
    )
    return path


def facts(ended):
    return [(one.seed, one.score, one.test, one.steps) for one in ended.tries]


@pytest.mark.slow
def test_a_task_that_workers_cannot_load_is_a_wrong_call(cluster, tmp_path):
    # the first of all: a worker that has loaded a file keeps its folder on the path
    site = Site(tiny.task(), [Arm("dense")], tmp_path)
    with Ray().open(site) as run, pytest.raises(InputError, match="workers can load"):
        list(run([Job(Arm("dense"), "verdict", 0, 1.0, Settings(steps=20))]))


@pytest.mark.slow
def test_jobs_on_ray_end_as_they_do_in_this_process(cluster, file, tmp_path):
    arms = [Arm("dense"), Arm("granet", 0.5)]
    jobs = [Job(arm, "verdict", seed, 1.0, Settings(steps=20)) for arm in arms for seed in (0, 1)]
    found = []
    for engine, name in ((Ray(), "ray"), (Alone(), "alone")):
        site = Site(file, arms, tmp_path / name)
        with engine.open(site) as run:
            found.append({job.name: facts(ended) for job, ended in run(jobs)})
    assert found[0] == found[1]
    assert len(found[0]) == 4


@pytest.mark.slow
def test_a_wrong_task_is_said_as_elsewhere(cluster, file, tmp_path):
    arms = [Arm("small", 0.5)]
    jobs = [Job(arms[0], "verdict", 0, 1.0, Settings(steps=20))]
    site = Site(file, arms, tmp_path)
    with Ray().open(site) as run, pytest.raises(TaskError, match=r"task\.small must be given"):
        list(run(jobs))


def test_an_engine_has_threads():
    with pytest.raises(InputError, match="threads must be at least 1"):
        Ray(threads=0)
