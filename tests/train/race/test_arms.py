import pytest

import tiny
from tenth.errors import InputError
from tenth.train.race.arms import Arm, default_arms, grid, line_up, named


def test_dense_leads_every_race_and_all_arms_share_one_grid():
    lined = line_up([Arm("granet"), Arm("small", 0.2)], trials=4)
    assert [arm.name for arm in lined] == ["dense", "granet", "small 0.2"]
    assert {arm.scales for arm in lined} == {(1.0, 2.0, 3.0, 10.0)}
    assert [arm.density for arm in lined] == [None, 0.1, 0.2]


def test_an_arm_with_scales_of_its_own_has_as_many_as_the_others():
    own = Arm("granet", scales=(0.1, 1, 7))
    assert line_up([own], trials=3)[1].scales == (0.1, 1.0, 7.0)
    with pytest.raises(InputError, match="as many as the trials"):
        line_up([own], trials=4)


@pytest.mark.parametrize("trials", [1, 5, 8, 9, 20])
def test_a_grid_has_the_trials_asked_for_and_no_two_alike(trials):
    scales = grid(trials)
    assert len(set(scales)) == trials
    assert list(scales) == sorted(scales)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"route": "prune"}, "one of dense"),
        ({"route": "dense", "density": 0.1}, "left out"),
        ({"route": "rigl", "density": 1.5}, "density"),
        ({"route": "rigl", "length": 0}, "length"),
        ({"route": "rigl", "scales": (1, -1)}, "scales"),
    ],
)
def test_an_arm_that_cannot_run_is_refused(options, word):
    with pytest.raises(InputError, match=word):
        Arm(**options)


def test_arms_of_one_name_are_refused():
    with pytest.raises(InputError, match="different names"):
        line_up([Arm("rigl"), Arm("rigl")], 1)
    lined = line_up([Arm("rigl"), Arm("rigl", length=2), Arm("rigl", 0.05)], 1)
    assert [arm.name for arm in lined] == ["dense", "rigl", "rigl 2x", "rigl 0.05"]


def test_the_default_leaves_out_a_small_net_that_the_task_does_not_have():
    assert "small" in [arm.route for arm in default_arms(tiny.task())]
    assert "small" not in [arm.route for arm in default_arms(tiny.task(small=None))]
    assert [arm.density for arm in named(["dense", "set"], 0.3)] == [None, 0.3]
