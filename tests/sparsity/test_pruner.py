import io
import re

import pytest
import torch
from torch import nn

from tenth.errors import DivergedError, InputError, NothingSavedError
from tenth.layouts import Block, kept_count
from tenth.sparsity import allocation, schedules, scores
from tenth.sparsity.methods import METHODS, RIGL, SET, Method
from tenth.sparsity.pruner import Pruner
from tenth.sparsity.schedules import Timetable

OPTIMIZERS = {
    "sgd momentum decay": lambda p: torch.optim.SGD(p, 0.05, momentum=0.9, weight_decay=0.01),
    "nesterov": lambda p: torch.optim.SGD(p, 0.05, momentum=0.9, nesterov=True),
    "adam decay": lambda p: torch.optim.Adam(p, 0.01, weight_decay=0.01),
    "amsgrad": lambda p: torch.optim.Adam(p, 0.01, amsgrad=True),
    "adamw": lambda p: torch.optim.AdamW(p, 0.01, weight_decay=0.1),
    "adamw foreach": lambda p: torch.optim.AdamW(p, 0.01, weight_decay=0.1, foreach=True),
    "rmsprop": lambda p: torch.optim.RMSprop(p, 0.01, momentum=0.9),
}
GRADIENT_SNIP = Method(scores.gradient_weight, allocation.global_, schedules.one_shot)


def build(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(64, 20),
        nn.LayerNorm(20), nn.ReLU(), nn.Linear(20, 3),
    )  # fmt: skip


def batch(step):
    generator = torch.Generator().manual_seed(1000 + step)
    inputs = torch.randn(16, 1, 6, 6, generator=generator)
    return inputs, inputs.mean((1, 2, 3)).mul(9).clamp(-1, 1).round().long() + 1


def train_step(net, optimizer, pruner, step):
    inputs, labels = batch(step)
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(net(inputs), labels)
    loss.backward()
    optimizer.step()
    return pruner.step()


def start(method=METHODS["gradual"], optimizer="adam decay", density=0.2, steps=40, **rest):
    net = build()
    opt = OPTIMIZERS[optimizer](net.parameters())
    timetable = Timetable(steps, every=5)
    pruner = Pruner(net, opt, density=density, method=method, timetable=timetable, **rest)
    return net, opt, pruner


def assert_clean(pruner):
    for name, weight in pruner.weights.items():
        removed = ~pruner.masks[name]
        assert not bool(weight.detach()[removed].count_nonzero())
        assert not bool(weight.detach()[removed].signbit().any())
        for memory in pruner.optimizer.state[weight].values():
            if isinstance(memory, torch.Tensor) and memory.shape == weight.shape:
                assert not bool(memory[removed].count_nonzero())


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("method", METHODS)
def test_removed_weights_and_their_memory_are_zero_after_every_step(method, optimizer):
    net, opt, pruner = start(METHODS[method], optimizer)
    total = sum(weight.numel() for weight in pruner.weights.values())
    for step in range(40):
        before = {name: mask.clone() for name, mask in pruner.masks.items()}
        update = train_step(net, opt, pruner, step)
        assert_clean(pruner)
        assert update.changed == any(not m.equal(before[n]) for n, m in pruner.masks.items())
        for name, weight in pruner.weights.items():
            grown = pruner.masks[name] & ~before[name]
            assert not bool(weight.detach()[grown].count_nonzero())
    kept = sum(int(mask.sum()) for mask in pruner.masks.values())
    assert kept == kept_count(total, 0.2)
    assert pruner.density() == update.density == kept / total


@pytest.mark.parametrize("method", METHODS)
def test_biases_and_norms_are_not_touched(method):
    net, opt, pruner = start(METHODS[method])
    for step in range(20):
        inputs, labels = batch(step)
        opt.zero_grad()
        nn.functional.cross_entropy(net(inputs), labels).backward()
        opt.step()
        others = {n: v.clone() for n, v in net.state_dict().items() if n not in pruner.weights}
        parameters = {n: p for n, p in net.named_parameters() if n not in pruner.weights}
        memory = {n: opt.state[p]["exp_avg"].clone() for n, p in parameters.items()}
        pruner.step()
        assert all(torch.equal(net.state_dict()[name], value) for name, value in others.items())
        for name, parameter in parameters.items():
            assert torch.equal(opt.state[parameter]["exp_avg"], memory[name])
    assert {"0.bias", "1.weight", "1.bias", "4.bias", "5.weight", "5.bias", "7.bias"} <= set(others)


@pytest.mark.parametrize("method", ["gradual", "one_shot", "static"])
def test_without_regrowth_masks_only_shrink(method):
    net, opt, pruner = start(METHODS[method])
    for step in range(40):
        before = {name: mask.clone() for name, mask in pruner.masks.items()}
        train_step(net, opt, pruner, step)
        assert not any(bool((m & ~before[n]).any()) for n, m in pruner.masks.items())


@pytest.mark.parametrize("method", ["set", "rigl", "granet"])
def test_masks_move_and_then_rest(method):
    net, opt, pruner = start(METHODS[method])
    changed = [step for step in range(1, 41) if train_step(net, opt, pruner, step).changed]
    assert len(changed) >= 3
    assert max(changed) < 30


def test_dense_phases_open_all_masks_and_sparse_ones_close_them_again():
    # of 60 steps the ramp takes 30: phases begin at 10, 30, 43, ... of 175, between two looks
    net, opt, pruner = start(METHODS["acdc"], steps=60)
    densities, memory = [], []
    for step in range(60):
        densities.append(train_step(net, opt, pruner, step).density)
        memory.append(int((opt.state[net[4].weight]["exp_avg"] != 0).sum()))
    sparse = [kept < 1 for kept in densities]
    changes = [step + 1 for step in range(1, 60) if sparse[step] != sparse[step - 1]]
    parts = [10, 30, 43, 63, 76, 96, 109, 129, 142, 162, 175]
    assert changes == [-(-30 * part // 175) for part in parts]
    assert len(set(densities)) == 2
    assert densities[-1] == pytest.approx(0.2, abs=1e-3)
    for before, step in zip(changes[0::2], changes[1::2], strict=False):
        # what returns is remembered as nothing until the next step of the optimizer
        assert memory[step - 1] <= memory[before - 1] < memory[step] <= 64 * 20
    assert pruner.explored() == 1


def test_the_next_look_is_known_before_it_happens():
    for method in METHODS:
        net, opt, pruner = start(METHODS[method])
        for step in range(40):
            foretold = pruner.looks_next()
            update = train_step(net, opt, pruner, step)
            assert foretold or not (update.changed or update.growth_weights)
        assert not pruner.looks_next()


def test_what_ever_lived_is_counted_once():
    net, opt, pruner = start(SET)
    ever = {name: mask.clone() for name, mask in pruner.masks.items()}
    assert pruner.explored() == pruner.density()
    for step in range(40):
        train_step(net, opt, pruner, step)
        ever = {name: ever[name] | mask for name, mask in pruner.masks.items()}
    flat = torch.cat([mask.flatten() for mask in ever.values()])
    assert pruner.explored() == int(flat.sum()) / len(flat) > pruner.density()


def test_masks_may_be_given():
    net = build()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    masks = {n: before[n] > 0 for n in ("0.weight", "4.weight", "7.weight")}
    timetable = Timetable(10)

    def made(**options):
        optimizer = OPTIMIZERS["adamw"](net.parameters())
        return Pruner(
            net, optimizer, density=0.9, method=METHODS["static"], timetable=timetable, **options
        )

    with pytest.raises(InputError, match=r"mask of '0\.weight' in the given ones must be"):
        made(masks={**masks, "0.weight": masks["0.weight"][:2]})
    with pytest.raises(InputError, match=r"mask of '7\.weight' in the given ones .* Got absent"):
        made(masks={n: m for n, m in masks.items() if n != "7.weight"})
    pruner = made(masks=masks)
    assert all(pruner.masks[name].equal(mask) for name, mask in masks.items())
    assert pruner.masks["4.weight"] is not masks["4.weight"]
    assert_clean(pruner)
    assert torch.equal(net[4].weight.detach(), before["4.weight"].clamp(min=0))
    train_step(net, pruner.optimizer, pruner, 0)
    assert_clean(pruner)


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_gives_the_same_masks(method):
    runs = []
    for seed in (0, 0, 1):
        net, opt, pruner = start(METHODS[method], seed=seed)
        for step in range(20):
            train_step(net, opt, pruner, step)
        runs.append(torch.cat([mask.flatten() for mask in pruner.masks.values()]))
    assert torch.equal(runs[0], runs[1])
    # these alone draw nothing: a dense start, and all is decided by the weights and gradients
    if method not in ("gradual", "one_shot", "acdc", "taylor"):
        assert not torch.equal(runs[0], runs[2])


@pytest.mark.parametrize("method", [*METHODS, "gradient_weight", "blocks"])
@pytest.mark.parametrize("cut", [7, 13, 27])
@pytest.mark.parametrize("loaded_first", [False, True])
def test_a_resumed_run_equals_an_unbroken_one_bit_by_bit(method, cut, loaded_first):
    row = {
        **METHODS,
        "gradient_weight": GRADIENT_SNIP,
        "blocks": Method(scores.magnitude, allocation.erk, schedules.cubic, layout=Block(2, 2)),
    }[method]
    net, opt, pruner = start(row)
    for step in range(cut):
        train_step(net, opt, pruner, step)
    file = io.BytesIO()
    torch.save([net.state_dict(), opt.state_dict(), pruner.state_dict()], file)
    for step in range(cut, 40):
        train_step(net, opt, pruner, step)

    saved = torch.load(io.BytesIO(file.getvalue()), weights_only=True)
    again = build(seed=5)
    opt_again = OPTIMIZERS["adam decay"](again.parameters())
    if loaded_first:
        again.load_state_dict(saved[0])
    pruner_again = Pruner(
        again, opt_again, density=0.2, method=row, timetable=Timetable(40, every=5)
    )
    if not loaded_first:
        again.load_state_dict(saved[0])
    opt_again.load_state_dict(saved[1])
    pruner_again.load_state_dict(saved[2])
    for step in range(cut, 40):
        train_step(again, opt_again, pruner_again, step)
    for (name, one), (_, two) in zip(
        net.state_dict().items(), again.state_dict().items(), strict=True
    ):
        assert torch.equal(one, two), name
    assert all(mask.equal(pruner_again.masks[name]) for name, mask in pruner.masks.items())
    assert pruner.explored() == pruner_again.explored()


def test_a_state_of_another_run_or_model_changes_nothing():
    _, _, pruner = start(SET)
    state = pruner.state_dict()
    _, _, other = start(SET, density=0.3)
    before = {name: mask.clone() for name, mask in other.masks.items()}
    wrong = {**state, "run": other.state_dict()["run"]}
    mask = state["masks"]["4.weight"]
    cases = [
        (state, "of the run"),
        ({"run": 1}, "one with 'steps'"),
        ({**other.state_dict(), "lived": {"4.weight": mask}}, "'0.weight'.*absent"),
        ({**wrong, "masks": {**state["masks"], "4.weight": mask[:, :5]}}, r"'4.weight'.*\(20, 5\)"),
        ({**wrong, "masks": {**state["masks"], "4.weight": mask.float()}}, "torch.bool.*float32"),
        ({**wrong, "masks": {"4.weight": mask}}, "'0.weight'.*absent"),
        ({**wrong, "masks": {**state["masks"], "x": mask}}, "'x'.*absent"),
    ]
    for case, said in cases:
        with pytest.raises(InputError, match=said):
            other.load_state_dict(case)
    assert all(mask.equal(before[name]) for name, mask in other.masks.items())


def test_finish_gives_the_plain_module_back():
    net, opt, pruner = start()
    for step in range(40):
        train_step(net, opt, pruner, step)
    with torch.no_grad():
        net[4].weight.add_(1)  # whatever was done after the last step
    plain = pruner.finish()
    assert plain is net
    assert_clean(pruner)
    for module in plain.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks
        assert not module._backward_hooks
    assert all(not p._backward_hooks for p in plain.parameters())
    assert pruner.layer_densities() == {n: m.float().mean() for n, m in pruner.masks.items()}


def test_finish_refuses_where_nothing_was_saved():
    _, _, pruner = start()
    with pytest.raises(NothingSavedError, match=r"after 0 steps, wanted 0\.2 at step 20"):
        pruner.finish()
    net, opt, pruner = start(density=1.0)
    for step in range(40):
        train_step(net, opt, pruner, step)
    with pytest.raises(NothingSavedError, match="density below 1"):
        pruner.finish()


def test_the_density_alone_is_enough():
    net = nn.Sequential(nn.Linear(10, 50), nn.ReLU(), nn.Linear(50, 2))
    optimizer = torch.optim.Adam(net.parameters())
    pruner = Pruner(net, optimizer, density=0.1, timetable=Timetable(steps=10))
    for _ in range(10):
        optimizer.zero_grad()
        net(torch.randn(4, 10)).square().mean().backward()
        optimizer.step()
        pruner.step()
    assert pruner.density() == 0.1
    assert sum(int(w.count_nonzero()) for w in prunable_values(pruner.finish())) <= 60


def prunable_values(net):
    return [p.detach() for n, p in net.named_parameters() if n.endswith("weight")]


@pytest.mark.parametrize("density", [0, 1.5, float("nan"), -1, "0.1", None])
def test_an_impossible_density_is_refused(density):
    with pytest.raises(InputError, match="density must be"):
        start(density=density)


def test_a_density_too_small_for_the_model_is_refused_at_once():
    with pytest.raises(InputError, match="density must be at least"):
        start(density=0.001)


def test_nan_weights_are_named():
    net = build()
    with torch.no_grad():
        net[4].weight[0, 0] = torch.nan
    with pytest.raises(InputError, match=r"'4\.weight' must be finite numbers\. Got NaN"):
        Pruner(net, torch.optim.SGD(net.parameters()), density=0.1, timetable=Timetable(9))


def test_a_model_that_diverges_is_named_and_keeps_its_masks():
    net, _, pruner = start(RIGL, steps=10)
    masks = {name: mask.clone() for name, mask in pruner.masks.items()}
    with torch.no_grad():
        net[7].weight[pruner.masks["7.weight"]] = torch.inf
    for _ in range(4):
        pruner.step()
    with pytest.raises(DivergedError, match=r"weight '7\.weight' must be finite.*learning rate"):
        pruner.step()
    assert all(mask.equal(masks[name]) for name, mask in pruner.masks.items())


@pytest.mark.parametrize("method", [RIGL, GRADIENT_SNIP])
def test_a_gradient_that_is_not_a_number_is_named(method):
    net, opt, pruner = start(method, steps=10)
    for step in range(4):
        train_step(net, opt, pruner, step)
    net[4].weight.grad.fill_(torch.nan)
    with pytest.raises(DivergedError, match=r"of '4\.weight' must be finite"):
        pruner.step()


@pytest.mark.parametrize("method", [RIGL, GRADIENT_SNIP])
def test_a_missing_gradient_says_what_to_do(method):
    net, opt, pruner = start(method, steps=10)
    for step in range(4):
        train_step(net, opt, pruner, step)
    opt.zero_grad()
    with pytest.raises(InputError, match=r"before optimizer\.zero_grad\(\)"):
        pruner.step()


@pytest.mark.parametrize("method", METHODS)
def test_a_layer_that_the_loss_does_not_reach(method):
    net = nn.ModuleDict({"used": nn.Linear(8, 8), "spare": nn.Linear(8, 8)})
    optimizer = torch.optim.Adam(net.parameters(), 0.01)
    timetable = Timetable(40, every=5)
    pruner = Pruner(net, optimizer, density=0.25, method=METHODS[method], timetable=timetable)
    first = pruner.masks["spare.weight"].clone()
    for _ in range(40):
        optimizer.zero_grad()
        net["used"](torch.randn(4, 8)).square().mean().backward()
        optimizer.step()
        pruner.step()
    assert pruner.density() <= 0.25
    assert int(pruner.masks["spare.weight"].sum()) >= 1
    if method == "rigl":
        assert torch.equal(pruner.masks["spare.weight"], first)


def test_growth_reads_only_the_layers_that_can_grow():
    net, opt, pruner = start(RIGL)
    updates = [train_step(net, opt, pruner, step) for step in range(1, 41)]
    sparse = sum(w.numel() for n, w in pruner.weights.items() if pruner.layer_densities()[n] < 1)
    assert {u.growth_weights for u in updates} == {0, sparse}
    assert [i for i, u in enumerate(updates, 1) if u.growth_weights] == [5, 10, 15, 20, 25]


def test_an_optimizer_of_other_weights_is_refused():
    net = build()
    with pytest.raises(InputError, match=r"optimizer must be the owner of '0\.weight'"):
        Pruner(net, torch.optim.SGD(build().parameters()), density=0.1, timetable=Timetable(9))
    biases = [p for n, p in net.named_parameters() if n != "4.weight"]
    with pytest.raises(InputError, match=re.escape("'4.weight'")):
        Pruner(net, torch.optim.SGD(biases), density=0.1, timetable=Timetable(9))
    # but an excluded weight needs no owner
    optimizer = torch.optim.SGD(biases)
    Pruner(net, optimizer, density=0.3, timetable=Timetable(9), exclude=["4"])


def test_a_model_without_prunable_weights_is_refused():
    net = nn.Sequential(nn.Embedding(3, 2))
    with pytest.raises(InputError, match="prunable weights"):
        Pruner(net, torch.optim.SGD(net.parameters()), density=0.1, timetable=Timetable(9))


def test_tied_weights_share_one_mask():
    net = nn.Sequential(nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 6))
    net[2].weight = net[0].weight
    optimizer = torch.optim.AdamW(net.parameters(), 0.01)
    pruner = Pruner(net, optimizer, density=0.25, timetable=Timetable(20, every=2))
    for _ in range(20):
        optimizer.zero_grad()
        net(torch.randn(4, 6)).square().mean().backward()
        optimizer.step()
        pruner.step()
    assert list(pruner.masks) == ["0.weight"]
    assert int(net[2].weight.count_nonzero()) == 9


def test_half_precision_weights():
    net = nn.Linear(16, 16).to(torch.bfloat16)
    optimizer = torch.optim.SGD(net.parameters(), 0.01, momentum=0.9)
    pruner = Pruner(net, optimizer, density=0.25, method=RIGL, timetable=Timetable(20, every=2))
    for _ in range(20):
        optimizer.zero_grad()
        net(torch.randn(4, 16, dtype=torch.bfloat16)).square().mean().backward()
        optimizer.step()
        pruner.step()
        assert_clean(pruner)
    assert pruner.density() == 0.25


def test_channels_last_weights():
    net = nn.Conv2d(8, 8, 3).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(net.parameters(), 0.01)
    pruner = Pruner(net, optimizer, density=0.25, method=RIGL, timetable=Timetable(20, every=2))
    for _ in range(20):
        optimizer.zero_grad()
        net(torch.randn(4, 8, 5, 5)).square().mean().backward()
        optimizer.step()
        pruner.step()
        assert_clean(pruner)
    assert pruner.density() == 0.25


def test_a_method_may_be_named():
    model = build()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    terms = {"density": 0.5, "timetable": Timetable(20)}
    assert Pruner(model, optimizer, method="rigl", **terms).method is RIGL
    with pytest.raises(InputError, match="method must be one of gradual"):
        Pruner(model, optimizer, method="grannet", **terms)


def test_a_finish_before_the_final_density_says_so_and_loses_nothing():
    net, opt, pruner = start(steps=40)
    for step in range(10):
        train_step(net, opt, pruner, step)
    rule = r"pruner\.finish\(\) must be called after step 20, at density 0\.2\. Got step 10, at"
    with pytest.warns(UserWarning, match=rule):
        assert pruner.finish() is net
    for step in range(10, 20):
        train_step(net, opt, pruner, step)
    assert pruner.finish() is net


def test_a_step_before_that_of_the_optimizer_is_refused():
    net, opt, pruner = start(METHODS["static"])
    inputs, labels = batch(0)
    nn.functional.cross_entropy(net(inputs), labels).backward()
    pruner.step()
    with pytest.raises(InputError, match=r"pruner\.step\(\) must be called after optimizer\.step"):
        opt.step()


@pytest.mark.parametrize("set_to_none", [True, False])
def test_right_orders_are_not_taken_for_wrong_ones(set_to_none):
    net, opt, pruner = start(METHODS["static"])
    for number in range(4):
        inputs, labels = batch(number)

        def closure():
            opt.zero_grad(set_to_none=set_to_none)
            loss = nn.functional.cross_entropy(net(inputs), labels)  # noqa: B023
            loss.backward()
            return loss

        if number % 2:
            opt.step(closure)  # the gradients of the step before are there as it begins
        else:
            closure()
            opt.step()
        pruner.step()
    closure()
    pruner.step()  # as where half precision skips a step of the optimizer
    closure()
    opt.step()


def test_of_two_pruners_of_one_weight_the_newer_one_has_it():
    net, opt, old = start(METHODS["static"])
    new = Pruner(net, opt, density=0.1, method="static", timetable=Timetable(40))
    train_step(net, opt, new, 0)
    for call in (old.step, old.finish):
        with pytest.raises(
            InputError, match=r"pruner must be the only one of its weights\. Got two"
        ):
            call()
    assert new.finish() is net


def test_two_pruners_of_different_weights_may_be():
    net = build()
    opt = torch.optim.Adam(net.parameters())
    timetable = Timetable(40)
    one, other = (
        Pruner(net, opt, density=0.5, method="static", timetable=timetable, exclude=left)
        for left in (["0"], ["4", "7"])
    )
    for step in range(2):
        train_step(net, opt, one, step)
        other.step()
    assert one.finish() is other.finish() is net


def test_a_pruner_that_is_gone_holds_nothing():
    net, opt, pruner = start(METHODS["static"])
    train_step(net, opt, pruner, 0)
    del pruner
    opt.step()
    opt.step()
