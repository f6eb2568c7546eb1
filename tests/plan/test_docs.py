from pathlib import Path

from tenth.plan import estimate

PAGE = (Path(__file__).parents[2] / "docs" / "plan.md").read_text(encoding="utf-8")


def test_the_output_in_the_documentation_is_what_is_printed():
    plan = estimate(params=7e9, tokens=2e12, device="h100", count=64, place="FRA")
    assert f"```text\n{plan}\n```" in PAGE
    assert f"```text\n{plan.explain()}\n```" in PAGE


def test_every_figure_has_its_row_in_the_documentation():
    for name in estimate(params=1e6, tokens=1e6).figures:
        assert name in PAGE
