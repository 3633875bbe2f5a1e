"""docs/cookbook.md is true: each recipe is a config without a warning, and what arrives is what it shows."""

from pathlib import Path

import pytest

from tests.cookbook.kitchen import SECRETS, Served, open_kitchen, read_recipe
from tests.cookbook.recipe import PATH, Recipe, read_recipes
from tests.cookbook.scenarios import SCENARIOS

RECIPES = read_recipes(PATH.read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.setenv(name, "json://127.0.0.1:9/")


def _say(served: list[Served]) -> str:
    return "\n".join(f"**{one.channel}**, {one.at}:\n\n```text\n{one.text}```\n" for one in served)


@pytest.mark.parametrize("recipe", RECIPES, ids=[recipe.name for recipe in RECIPES])
def test_a_recipe_is_a_config_without_a_warning(tmp_path: Path, recipe: Recipe) -> None:
    assert [str(warning) for warning in read_recipe(tmp_path, recipe.config).warnings] == []


@pytest.mark.parametrize("recipe", RECIPES, ids=[recipe.name for recipe in RECIPES])
def test_what_arrives_is_what_the_recipe_shows(tmp_path: Path, recipe: Recipe) -> None:
    with open_kitchen(tmp_path, recipe.config) as kitchen:
        SCENARIOS[recipe.name](kitchen)
    assert _say(kitchen.served) == _say(list(recipe.arrives))


def test_each_recipe_says_when_it_is_wanted_and_has_a_scenario() -> None:
    assert [recipe.name for recipe in RECIPES] == list(SCENARIOS)
    assert all(recipe.prose.endswith(".") for recipe in RECIPES)
    assert all(recipe.arrives for recipe in RECIPES)
