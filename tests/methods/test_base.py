"""What methods say of themselves: which stand on the source's discriminator, and which need no source at all."""

import pytest

from graftgan.methods import METHODS
from graftgan.recipes.options import method_from

STANDS = {"freezed", "bsa", "fsgan", "modulate", "rick", "ewc", "dcl", "extractor"}


def test_which_methods_draw_on_the_sources_discriminator_by_their_defaults() -> None:
    assert {name for name, kind in METHODS.items() if kind().draws_on()} == STANDS
    assert all("source's discriminator" in METHODS[name]().draws_on() for name in STANDS)


@pytest.mark.parametrize(
    ("name", "setting", "draws"),
    [
        ("freezed", "frozen=0", False),
        ("bsa", "perceptual=0", False),
        ("ewc", "strength=0", False),
        ("dcl", "discriminator_weight=0", False),
        ("l2sp", "strength_d=1", True),
        ("lowrank", "discriminator=true", True),
    ],
)
def test_a_setting_may_decide_it(name: str, setting: str, draws: bool) -> None:
    assert bool(method_from(name, (setting,)).draws_on()) == draws != bool(METHODS[name]().draws_on())


def test_which_methods_need_no_source_and_which_leave_the_pairs_discriminator_alone() -> None:
    assert {name for name, kind in METHODS.items() if not kind.needs_source} == {"finetune", "scratch", "projected"}
    assert {name for name, kind in METHODS.items() if kind.leaves_discriminator} == {"projected", "bsa"}
