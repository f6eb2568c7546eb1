import math
import signal

import pytest
import torch

import tiny
from runs import names, same, stop_at
from tenth.errors import DivergedError, FormatError, OutputError, TaskError
from tenth.fit import Folder, Plan, Settings, fit
from tenth.fit.seeds import reseed
from tenth.sparsity import GRADUAL, GRANET, STATIC

IDENTITY = {"verb": "test"}


def fresh():
    reseed(1)
    return tiny.build()


def plan_of(method=None, *, density=0.25, save_seconds=60.0, task=None, **settings):
    pace = Settings(**{"steps": 20, "mask_every": 2, **settings}).for_task(task or tiny.task())
    return Plan("run", pace, seed=4, density=density, method=method, save_seconds=save_seconds)


def fitted(plan, *, task=None, folder=None, on_step=None, stages=None):
    stages = [] if stages is None else stages
    return fit(fresh(), task or tiny.task(), plan, stages=stages, folder=folder, on_step=on_step)


def always(value):
    return lambda model, split: value


def late(value, good=0.5, calls=3):
    """A score that becomes `value` after some calls."""
    made = []

    def score(model, split):
        made.append(split)
        return good if len(made) <= calls else value

    return score


PLANS = {
    "dense": plan_of(),
    "average": plan_of(ema=0.9),
    "static": plan_of(STATIC),
    "gradual with average": plan_of(GRADUAL, ema=0.9, warm_up=5),
    "granet": plan_of(GRANET),
}


@pytest.mark.parametrize("name", PLANS)
def test_a_run_that_was_stopped_ends_bit_for_bit_as_one_that_was_not(name, tmp_path):
    whole, plan = fitted(PLANS[name]), PLANS[name]
    on_step = stop_at(1, 9, 10, 19)
    folder = Folder(tmp_path, IDENTITY)
    for stop in range(4):
        with pytest.raises(KeyboardInterrupt):
            fitted(plan, folder=folder, on_step=on_step)
        assert names(tmp_path) == ["run.pt"], stop
    stages = []
    resumed = fitted(plan, folder=folder, on_step=on_step, stages=stages)
    assert same(resumed.model, whole.model)
    assert resumed.history == whole.history
    assert (resumed.score, resumed.steps) == (whole.score, 20)
    assert [stage.name for stage in stages] == [
        "run",
        *(f"run (sitting {i})" for i in (2, 3, 4, 5)),
    ]


def test_all_sittings_together_cost_what_one_run_costs(tmp_path):
    whole, parts = [], []
    fitted(plan_of(GRANET), stages=whole)
    folder = Folder(tmp_path, IDENTITY)
    with pytest.raises(KeyboardInterrupt):
        fitted(plan_of(GRANET), folder=folder, on_step=stop_at(9))
    fitted(plan_of(GRANET), folder=folder, stages=parts)
    for name in ("flops_useful", "flops_executed", "flops_dense_equivalent"):
        expected = sum(stage.figures[name].value for stage in whole)
        assert sum(stage.figures[name].value for stage in parts) == pytest.approx(expected)


def test_a_crash_goes_on_from_the_last_checkpoint(tmp_path):
    folder = Folder(tmp_path, IDENTITY)
    plan = plan_of(GRADUAL, save_seconds=0)
    calls = []

    def loss(model, batch):
        calls.append(batch)
        if len(calls) == 13:
            raise RuntimeError("power cut")
        return tiny.loss(model, batch)

    with pytest.raises(TaskError, match="power cut"):
        fitted(plan, task=tiny.task(loss=loss), folder=folder)
    made = []
    resumed = fitted(plan, folder=folder, on_step=made.append)
    assert made[0].step == 13
    assert same(resumed.model, fitted(plan).model)


def test_ctrl_c_stops_between_two_steps(tmp_path):
    calls = []

    def loss(model, batch):
        calls.append(batch)
        if len(calls) == 7:
            signal.raise_signal(signal.SIGINT)
        return tiny.loss(model, batch)

    folder, handler = Folder(tmp_path, IDENTITY), signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        fitted(plan_of(), task=tiny.task(loss=loss), folder=folder)
    assert signal.getsignal(signal.SIGINT) is handler
    assert folder.begun()["run"]["step"] == 7
    assert same(fitted(plan_of(), folder=folder).model, fitted(plan_of()).model)


def test_a_second_ctrl_c_does_not_wait(tmp_path):
    def loss(model, batch):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        raise AssertionError

    with pytest.raises(KeyboardInterrupt):
        fitted(plan_of(), task=tiny.task(loss=loss), folder=Folder(tmp_path, IDENTITY))


def test_a_target_stops_a_dense_run_at_the_first_look():
    done = fitted(plan_of(target=0.5, check_every=4), task=tiny.task(score=always(0.5)))
    assert (done.steps, done.reached, len(done.history)) == (4, True, 1)


def test_a_target_stops_a_pruned_run_only_at_the_final_density():
    done = fitted(plan_of(GRADUAL, target=0.5, check_every=4), task=tiny.task(score=always(0.9)))
    assert done.steps == 12  # the first look at or after step 10, where the ramp ends
    assert done.density == 0.25
    assert [entry.score for entry in done.history] == [None, None, 0.9]


def test_a_target_that_is_not_reached_costs_all_steps():
    done = fitted(plan_of(target=0.95), task=tiny.task(score=always(0.9)))
    assert (done.steps, done.reached, done.score) == (20, False, 0.9)


def test_the_average_is_what_is_scored_and_returned():
    scored = []

    def score(model, split):
        scored.append(model[0].weight.detach().clone())
        return 0.5

    seen = []

    def loss(model, batch):
        seen.append(model[0].weight.detach().clone())
        return tiny.loss(model, batch)

    done = fitted(plan_of(ema=0.5, check_every=20), task=tiny.task(score=score, loss=loss))
    assert torch.equal(scored[-1], done.model[0].weight)
    average = seen[0]
    for weights in seen[1:]:  # the weights before step n are those after step n - 1
        average = torch.lerp(average, weights, 0.5)
    last = fitted(plan_of(check_every=20)).model[0].weight
    torch.testing.assert_close(done.model[0].weight, torch.lerp(average, last, 0.5))


def test_the_rate_of_each_step_reaches_the_optimizer():
    rates = []

    class Watched(torch.optim.SGD):
        def step(self, closure=None):
            rates.append([group["lr"] for group in self.param_groups])
            return super().step(closure)

    def optimizer(parameters):
        first, *rest = parameters
        return Watched([{"params": [first]}, {"params": rest, "lr": 0.2}], lr=0.4)

    plan = plan_of(steps=4, lr_scale=0.5, warm_up=2)
    fitted(plan, task=tiny.task(optimizer=optimizer))
    factors = [0.5, 0.8535533905932737, 0.5, 0.14644660940672624]
    assert rates == [pytest.approx([0.2 * factor, 0.1 * factor]) for factor in factors]


def test_a_loss_that_is_no_number_stops_the_run():
    calls, stages = [], []

    def loss(model, batch):
        calls.append(batch)
        return tiny.loss(model, batch) * (math.nan if len(calls) == 5 else 1)

    with pytest.raises(DivergedError, match=r"loss became nan at step 5 of 20.*lr_scale") as caught:
        fitted(plan_of(), task=tiny.task(loss=loss), stages=stages)
    assert caught.value.exit_code == 1
    assert stages[0].interrupted
    assert stages[0].notes["steps"] == 4
    assert stages[0].figures["flops_executed"].value > 0


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_score_that_is_no_number_stops_the_run(value):
    task = tiny.task(score=late(value, calls=2))
    with pytest.raises(DivergedError, match=f"score on 'val' became {value} at step 3 of 20"):
        fitted(plan_of(check_every=1), task=task)


def test_weights_that_are_no_numbers_are_no_result():
    class Breaking(torch.optim.SGD):
        def step(self, closure=None):
            with torch.no_grad():
                self.param_groups[0]["params"][0][0, 0] = math.inf

    task = tiny.task(optimizer=lambda p: Breaking(p, lr=1), score=always(0.5))
    with pytest.raises(DivergedError, match=r"Weight '0\.weight' is no longer finite after 1 step"):
        fitted(plan_of(steps=1), task=task)


def test_the_callers_generators_are_left_alone():
    torch.manual_seed(3)
    model, state = tiny.build(), torch.get_rng_state()
    fit(model, tiny.task(), plan_of(steps=2), stages=[])
    assert torch.equal(torch.get_rng_state(), state)


def test_a_full_disk_at_a_checkpoint(tmp_path, full_disk):
    folder = Folder(tmp_path, IDENTITY)
    plan = plan_of(save_seconds=0)
    with full_disk(after=3), pytest.raises(OutputError, match="No space left"):
        fitted(plan, folder=folder)
    assert names(tmp_path) == ["run.pt"]
    assert folder.begun()["run"]["step"] == 3
    assert same(fitted(plan, folder=folder).model, fitted(plan).model)


def test_a_checkpoint_of_another_optimizer_is_named(tmp_path):
    folder = Folder(tmp_path, IDENTITY)
    with pytest.raises(KeyboardInterrupt):
        fitted(plan_of(), folder=folder, on_step=stop_at(2))
    task = tiny.task(optimizer=lambda p: torch.optim.SGD([{"params": [w]} for w in p], lr=0.1))
    with pytest.raises(FormatError, match="of another model or optimizer"):
        fitted(plan_of(), folder=folder, task=task)
