"""Intra-cluster LPIPS: by hand with empty and single clusters, the draw of fifty, copies, and meaningless input."""

import numpy as np
import pytest

from graftgan.errors import UserError
from graftgan.metrics import intra_lpips


class Line:
    """Pictures and photos on a line; the distance is the one on the line."""

    protocol = {"lpips": "a line"}

    def __init__(self, fakes, photos):
        self.at, self.centres = np.asarray(fakes, float), np.asarray(photos, float)
        self.fakes, self.photos = len(fakes), len(photos)
        self.asked = []

    def to_photos(self):
        return abs(self.at[:, None] - self.centres)

    def within(self, members):
        self.asked.append(members)
        return abs(self.at[members][:, None] - self.at[members])


def test_clusters_by_hand():
    """Near photo 0: 0, 1, 3 with pairs 1, 3, 2, mean 2. Near 10: 9, 13, mean 4. Near 20: one. Near 30: none."""
    measure = intra_lpips(Line([0, 1, 3, 9, 13, 19], [0, 10, 20, 30]))
    assert measure.value == pytest.approx(3)
    assert measure.protocol["clusters"] == [3, 2, 1, 0]
    assert (measure.protocol["empty"], measure.protocol["singletons"]) == (1, 1)
    assert measure.protocol["singletons as 0"] == pytest.approx(2)
    assert measure.protocol["std"] == pytest.approx(np.std([2, 4], ddof=1))
    assert measure.error == pytest.approx(np.std([2, 4], ddof=1) / np.sqrt(2))
    assert measure.protocol["lpips"] == "a line"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, False),
        ({"net": "lpips-alex"}, True),
        ({"size": 64}, True),
        ({"fakes": 999}, True),
    ],
)
def test_what_is_not_the_published_protocol_says_so(change, told):
    view = Line(np.arange(change.get("fakes", 1000)), [0.0, 500.0])
    view.protocol = {"net": "lpips-vgg", "size": 256, **change}
    expected = "not the published protocol: VGG16, 1000 samples, 256 px" if told else None
    assert intra_lpips(view).protocol.get("warning") == expected


def test_exact_copies_of_the_photos_are_at_zero_and_one_cluster_has_no_error():
    photos = np.array([0.0, 10.0, 20.0])
    assert intra_lpips(Line(photos[np.arange(30) % 3], photos)).value == 0
    single = intra_lpips(Line([1, 2, 3], [0]))
    assert single.value == pytest.approx(4 / 3) and single.error is None and single.protocol["std"] is None


def test_fifty_members_are_drawn_by_the_seed_whatever_their_order():
    rng = np.random.default_rng(0)
    fakes = rng.random(200)
    view = Line(fakes, [0.0])
    first = intra_lpips(view)
    assert [len(set(members)) for members in view.asked] == [50]
    again = intra_lpips(Line(rng.permutation(fakes), [0.0]))
    assert again.value == pytest.approx(first.value)
    assert intra_lpips(view, seed=1).value != first.value
    # The draw stands for the cluster: pairs of a uniform cloud are 1/3 apart.
    assert first.value == pytest.approx(1 / 3, abs=0.05)


def test_order_of_the_photos_does_not_matter():
    rng = np.random.default_rng(1)
    fakes, photos = rng.random(300), rng.random(4)
    assert intra_lpips(Line(fakes, photos[::-1])).value == pytest.approx(intra_lpips(Line(fakes, photos)).value)


@pytest.mark.parametrize(
    ("fakes", "photos", "message"),
    [
        ([1.0], [0.0], "needs a photo and two pictures, not 1 and 1"),
        ([1.0, 2.0], [], "needs a photo and two pictures, not 0 and 2"),
        ([1.0, 9.0], [0.0, 10.0], "of 2 pictures and 2 photos: no two share a nearest photo"),
        ([1.0, np.nan], [0.0], r"must be finite, \(2, 1\) of them"),
    ],
)
def test_meaningless_input_is_refused(fakes, photos, message):
    with pytest.raises(UserError, match=message):
        intra_lpips(Line(fakes, photos))
