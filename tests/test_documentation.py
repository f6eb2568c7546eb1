"""What the documentation says is what the project does."""

import contextlib
import importlib.util
import io
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def bench(name: str):
    spec = importlib.util.spec_from_file_location(f"bench_{name}", ROOT / "bench" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_table_is_from_a_result_file():
    tables = bench("readme")
    for page in tables.PAGES:
        text = page.read_text(encoding="utf-8")
        assert tables.filled(text) == text, f"{page.name}: run `make docs`"


def test_a_table_without_its_result_file_is_empty_or_an_error(monkeypatch, tmp_path):
    tables = bench("readme")
    monkeypatch.setattr(tables, "RESULTS", tmp_path)
    empty = "<!-- ship -->\n<!-- /ship -->\n"
    assert tables.filled(empty) == empty
    with pytest.raises(FileNotFoundError):
        tables.filled(empty.replace("\n", "\nby hand\n", 1))


def test_ends_of_a_success_rate_are_rounded_outwards():
    tables = bench("readme")
    assert tables.rate({"rate": 0.109, "low": 0.0541, "high": 0.2089}) == "11 % (5 – 21 %)"
    assert tables.rate({"rate": 1.0, "low": 0.9434, "high": 1.0}) == "100 % (94 – 100 %)"
    assert "8 of 8 (74 – 100 %)" in tables.arms()


def test_a_bench_is_made_by_make_or_named_where_it_says_which_are_not():
    made = (ROOT / "Makefile").read_text().split("\nbench:")[1].split("\n\n")[0]
    told = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for path in sorted((ROOT / "bench").glob("*.py")):
        if '"results"' in path.read_text(encoding="utf-8"):
            assert f"bench/{path.name}" in made + told, path.name


def test_links_of_the_documentation_lead_somewhere():
    for page in [ROOT / "README.md", *ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.slow
def test_the_python_of_the_readme_prints_what_it_says(monkeypatch):
    code = re.search(r"```python\n(.*?)```\n\n```\n(.*?)```", README, re.DOTALL)
    assert code is not None
    monkeypatch.syspath_prepend(str(ROOT))
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code[1], "README.md", "exec"), {})
    sys.modules.pop("examples.digits", None)
    # the count of weights may differ by a few between processors: a kept weight can end at zero
    number = re.compile(r"\d{4}")
    assert number.sub("N", printed.getvalue()) == number.sub("N", code[2])


def test_no_page_or_module_names_a_folder_of_this_machine():
    own = [f"{folder}/" for folder in (ROOT, Path.home())]
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("src/**/*.py")]:
        text = page.read_text(encoding="utf-8")
        assert not any(folder in text for folder in own), page.name
