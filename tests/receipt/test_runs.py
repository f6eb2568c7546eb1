import subprocess
import sys

import pytest

from tenth.receipt.runs import SCHEDULERS, Run, node


def test_what_one_process_leaves_is_of_one_run_and_another_is_of_another():
    one, other = Run.here({}), Run.here({})
    assert one == other
    assert one.scheduler == {}
    program = "from tenth.receipt.runs import Run; print(Run.here({}).id)"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert one.id != run.stdout.strip() != ""


def test_the_user_names_the_run():
    assert Run.here({"TENTH_RUN_ID": "mine", "SLURM_JOB_ID": "7"}).id == "mine"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"SLURM_JOB_ID": "4711", "SLURM_PROCID": "3"}, "slurm-4711"),
        ({"GITHUB_RUN_ID": "12", "GITHUB_RUN_ATTEMPT": "2", "GITHUB_JOB": "x"}, "github-12-2"),
        ({"CI_PIPELINE_ID": "9", "CI_JOB_ID": "10"}, "ci-9"),
        ({"PBS_JOBID": "1.host"}, "pbs-1.host"),
        ({"TORCHELASTIC_RUN_ID": "abc", "RANK": "0"}, "torchelastic-abc"),
    ],
)
def test_processes_of_one_job_share_its_id(given, expected):
    run = Run.here(given)
    assert run.id == expected
    assert run.scheduler == given


def test_an_id_that_says_nothing_is_none():
    run = Run.here({"TORCHELASTIC_RUN_ID": "none", "RANK": "1", "SLURM_JOB_ID": ""})
    assert run.scheduler == {"RANK": "1"}
    assert not run.id.startswith(("torch", "slurm"))


def test_a_pod_alone_shares_no_id_with_other_pods():
    given = {"POD_UID": "u", "POD_NAMESPACE": "n"}
    assert Run.here(given).id == Run.here({}).id  # that of the process
    assert Run.here(given).scheduler == given


def test_a_pod_has_the_name_of_its_host():
    assert Run.here({"HOSTNAME": "my-laptop"}).scheduler == {}
    given = {"HOSTNAME": "train-0", "KUBERNETES_SERVICE_HOST": "10.0.0.1"}
    assert Run.here(given).scheduler == {"HOSTNAME": "train-0"}


@pytest.mark.parametrize("variable", [name for names in SCHEDULERS.values() for name in names])
def test_each_variable_of_the_table_is_recorded_and_nothing_else(variable):
    run = Run.here({variable: "v", "AWS_SECRET_ACCESS_KEY": "secret"})
    assert run.scheduler == {variable: "v"}
    assert Run.from_json(run.to_json()) == run


def test_a_machine_has_one_name_until_it_starts_anew(tmp_path):
    boot = tmp_path / "boot_id"
    boot.write_text("one\n")
    first = node(boot)
    assert first == node(boot)
    assert len(first) == 12
    boot.write_text("two\n")
    assert node(boot) != first
    assert len(node(tmp_path / "none")) == 12
