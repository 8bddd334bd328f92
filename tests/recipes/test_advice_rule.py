"""The rule of advice, on a made-up table whose answers were worked out by hand."""

import math
from typing import Any

import pytest

from graftgan.networks import NETWORKS
from graftgan.recipes.advice_rule import Case, Rule, fit, leave_one_pair_out, ranked, taken, usable_with
from graftgan.recipes.measured import Pair
from graftgan.zoo.model_folder import Model

E = math.e


def pair(name: str, distance: float, shots: int = 10, **kid: Any) -> Pair:
    return Pair(name, shots, distance, {"finetune": [0.2, 0.2], **kid})


# Two pairs, one natural logarithm apart: near favours freezed (half of fine-tuning), far favours modulate.
NEAR = pair("near", 0.1, freezed=[0.1, 0.1], modulate=[0.2, 0.2])
FAR = pair("far", 0.1 * E, freezed=[0.3, 0.3], modulate=[0.16, 0.16])


def test_weights_are_gaussian_in_log_distance_and_log_shots() -> None:
    # at the near pair: exp(0) and exp(-1/2), over their sum
    weights = Rule(1.0).weights(Case(10, 0.1), [NEAR, FAR])
    assert weights == pytest.approx([0.622459, 0.377541], abs=1e-6)
    both = [pair("a", 0.1, shots=10), pair("b", 0.1 * E, shots=20)]
    away = (1 + (math.log(2) / 0.5) ** 2) / 2
    assert Rule(1.0, 0.5).weights(Case(10, 0.1), both)[0] == pytest.approx(1 / (1 + math.exp(-away)))
    assert Rule().weights(Case(10, 0.1), [NEAR, FAR]) == [0.5, 0.5]
    assert Rule(1.0).weights(Case(10, None), [NEAR, FAR]) == [0.5, 0.5]


def test_the_nearest_pair_counts_however_far_all_are() -> None:
    weights = Rule(0.25).weights(Case(10, 1e6), [NEAR, FAR])
    assert sum(weights) == 1 and weights[1] > 0.999


def test_the_score_is_the_weighted_mean_of_kid_over_fine_tunings() -> None:
    order = ranked(Case(10, 0.1), [NEAR, FAR], Rule(1.0))
    # freezed: 0.622 * 0.5 + 0.378 * 1.5 = 0.8775; modulate: 0.622 * 1 + 0.378 * 0.8 = 0.9245
    assert order == [
        ("freezed", pytest.approx(0.877541, abs=1e-6)),
        ("modulate", pytest.approx(0.924492, abs=1e-6)),
        ("finetune", pytest.approx(1.0)),
    ]
    assert ranked(Case(10, 1.0), [NEAR, FAR], Rule(1.0))[0][0] == "modulate"


def test_only_what_this_version_knows_and_what_never_failed_is_recommended() -> None:
    table = pair("p", 0.1, scatch=[0.01], **{"freezed:frozn=3": [0.01], "freezed:frozen=3": [0.1], "source": [0.0]})
    assert [name for name, _ in ranked(Case(10, 0.1), [table], Rule())] == ["freezed:frozen=3", "finetune"]
    failed = pair("p", 0.1, freezed=[0.01, None])
    assert [name for name, _ in ranked(Case(10, 0.1), [failed], Rule())] == ["finetune"]


def test_what_was_not_measured_on_a_pair_counts_as_fine_tuning_there() -> None:
    order = dict(ranked(Case(10, 0.1), [NEAR, pair("bare", 0.1)], Rule()))
    assert order["freezed"] == pytest.approx((0.5 + 1) / 2)


def test_fine_tuning_wins_ties_and_a_negative_kid_is_no_number_to_divide_by() -> None:
    assert ranked(Case(10, 0.1), [pair("p", 0.1, freezed=[0.2, 0.2])], Rule())[0][0] == "finetune"
    assert pair("p", 0.1, freezed=[-0.5, 0.1]).ratio("freezed") == pytest.approx(0.001 / 0.2)


# Four pairs in two clusters far apart: freezed is best in one, modulate in the other; alike weights cannot tell.
CLUSTERS = [
    pair("a", 0.01, freezed=[0.1, 0.1], modulate=[0.4, 0.4]),
    pair("b", 0.011, freezed=[0.1, 0.1], modulate=[0.4, 0.4]),
    pair("c", 10.0, freezed=[0.6, 0.6], modulate=[0.1, 0.1]),
    pair("d", 11.0, freezed=[0.6, 0.6], modulate=[0.1, 0.1]),
]


def test_a_method_has_to_be_ahead_by_the_margin() -> None:
    order = [("freezed", 0.93), ("finetune", 1.0)]
    assert taken(order, Rule(margin=0.05)) == "freezed" and taken(order, Rule(margin=0.1)) == "finetune"
    # freezed is 6 % ahead on three pairs and far behind on the fourth: whoever trusts a small lead loses there
    rows = [*(pair(name, 0.1, freezed=[0.188]) for name in "abc"), pair("d", 0.1, freezed=[0.4])]
    assert fit(rows).margin == 0.2
    assert fit([pair(name, 0.1, freezed=[0.188]) for name in "abcd"]).margin == 0.05


def test_each_pair_left_out_is_advised_by_its_neighbour() -> None:
    rows = leave_one_pair_out(CLUSTERS)
    assert [(row.pair.name, row.chosen, row.best) for row in rows] == [
        ("a", "freezed", "freezed"),
        ("b", "freezed", "freezed"),
        ("c", "modulate", "modulate"),
        ("d", "modulate", "modulate"),
    ]
    assert [row.regret for row in rows] == [0, 0, 0, 0] and rows[0].baseline_kid == 0.2


def test_the_pair_left_out_has_no_say_in_its_own_advice() -> None:
    # alone in being good with freezed: the others know nothing of it
    alone = [pair("x", 0.1, freezed=[0.05]), *(pair(name, 0.1, freezed=[0.4]) for name in "yzw")]
    row = leave_one_pair_out(alone)[0]
    assert (row.chosen, row.kid, row.best) == ("finetune", 0.2, "freezed")
    assert row.regret == pytest.approx(0.15)


def test_the_widths_are_those_with_the_least_regret_and_the_widest_of_equals() -> None:
    # a width of 2 already parts clusters that are 6.9 apart: the far ones weigh exp(-5.9) of the near one
    assert fit(CLUSTERS).distance == 2.0
    assert fit([NEAR, FAR]) == Rule()
    assert fit([NEAR] * 4) == Rule(margin=0.2)  # half of fine-tuning's KID everywhere: nothing needs telling apart


def test_a_pair_with_an_encoder_in_the_discriminators_place_gets_no_method_that_needs_one() -> None:
    sizes: dict[str, Any] = {"resolution": 16, "channel_base": 128, "channel_max": 8}
    for network, usable in (("dcgan", True), ("vae", False)):
        inverse = {} if usable else {"z_dim": 8}
        both = NETWORKS[network]
        model = Model(network, both.generator(**sizes, z_dim=8), both.discriminator(**sizes, **inverse), {})
        known = usable_with(model)
        assert known("freezed:frozen=1") is usable and known("finetune") and not known("scatch")
