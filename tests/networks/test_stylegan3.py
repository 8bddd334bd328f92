"""StyleGAN3 against a slow reference in double precision, written from the formulas, and what its design promises."""

import json
import math

import numpy as np
import pytest
import scipy.signal
import scipy.special
import torch

from graftgan.errors import UserError
from graftgan.networks import NETWORKS, check_trains
from graftgan.networks.stylegan3 import StyleGAN3Generator

SMALL = dict(resolution=32, channel_base=256, channel_max=12, z_dim=6, w_dim=8, num_layers=6, margin_size=5)
T = dict(conv_kernel=3, use_radial_filters=False)
R = dict(conv_kernel=1, use_radial_filters=True)


def made(seed=0, **options):
    """A generator in which everything that can differ from its neutral value does."""
    g = StyleGAN3Generator(**SMALL | options).eval()
    rng = torch.Generator().manual_seed(seed)
    g.init_weights(rng)
    for name, tensor in g.state_dict().items():
        if name.endswith("bias"):
            tensor.add_(torch.randn(tensor.shape, generator=rng) * 0.3)
        elif name.endswith("magnitude_ema"):
            tensor.fill_(0.5 + float(torch.rand((), generator=rng)))
        elif name.endswith("input.affine.weight"):
            tensor.copy_(torch.randn(tensor.shape, generator=rng) * 0.3)
        elif name.endswith(("w_avg", "transform")):
            tensor.add_(torch.randn(tensor.shape, generator=rng) * 0.1)
        elif name.endswith("_filter"):
            # Not symmetric, so that a correlation in the place of a convolution shows.
            tensor.mul_(1 + 0.3 * torch.randn(tensor.shape, generator=rng))
    return g


# ---- the reference: one picture at a time, zeros inserted, whole kernels ---------------------------------------------


def dense(x, state, name, gain, lr=1.0, active=False):
    x = (state[f"{name}.weight"] * (gain * lr / math.sqrt(len(x)))) @ x + state[f"{name}.bias"] * lr
    return np.where(x < 0, 0.2 * x, x) * math.sqrt(2) if active else x


def unit(x):
    return x / np.sqrt(np.mean(x**2) + 1e-8)


def mapped(state, z, c, layers):
    x = unit(z)
    if c is not None:
        x = np.concatenate([x, unit(dense(c, state, "mapping.embed", 1.0))])
    for index in range(layers):
        x = dense(x, state, f"mapping.fc{index}", 1.0, lr=0.01, active=True)
    return x


def waves(state, w, size, rate, bandwidth):
    t = dense(w, state, "synthesis.input.affine", 1.0)
    t = t / np.hypot(t[0], t[1])
    turn = np.array([[t[0], -t[1], 0], [t[1], t[0], 0], [0, 0, 1]])
    move = np.array([[1, 0, -t[2]], [0, 1, -t[3]], [0, 0, 1]])
    whole = turn @ move @ state["synthesis.input.transform"]
    freqs = state["synthesis.input.freqs"]
    phases = state["synthesis.input.phases"] + freqs @ whole[:2, 2]
    freqs = freqs @ whole[:2, :2]
    amplitude = np.clip(1 - (np.hypot(*freqs.T) - bandwidth) / (rate / 2 - bandwidth), 0, 1)
    x = np.zeros((len(freqs), size, size))
    for row in range(size):
        for column in range(size):
            at = np.array([(2 * column + 1) / size - 1, (2 * row + 1) / size - 1]) * 0.5 * size / rate
            x[:, row, column] = np.sin(2 * np.pi * (freqs @ at + phases)) * amplitude
    return np.einsum("oi,ihw->ohw", state["synthesis.input.weight"] / math.sqrt(len(freqs)), x)


def styled_kernels(weight, styles, demodulate):
    """One kernel for each picture, as published: styles scaled over the batch, then demodulated."""
    if demodulate:
        weight = weight / np.sqrt(np.mean(weight**2, axis=(1, 2, 3), keepdims=True))
        styles = styles / np.sqrt(np.mean(styles**2))
    kernels = weight[None] * styles[:, None, :, None, None]
    if demodulate:
        kernels = kernels / np.sqrt((kernels**2).sum(axis=(2, 3, 4), keepdims=True) + 1e-8)
    return kernels


def whole_kernel(taps):
    return np.ones((1, 1)) if taps is None else np.outer(taps, taps) if taps.ndim == 1 else taps


def layer(x, state, name, ws, torgb, up, down, padding, limit):
    own = {key.removeprefix(f"{name}."): value for key, value in state.items() if key.startswith(f"{name}.")}
    weight = own["weight"]
    styles = np.stack([dense(w, state, f"{name}.affine", 1.0) for w in ws])
    if torgb:
        styles = styles / math.sqrt(weight[0].size)
    kernels = styled_kernels(weight, styles, not torgb) / math.sqrt(own["magnitude_ema"])
    rise, fall = whole_kernel(own.get("up_filter")) * up**2, whole_kernel(own.get("down_filter"))
    pictures = []
    for picture, kernel in zip(x, kernels, strict=True):
        maps = []
        for filters, bias in zip(kernel, own["bias"], strict=True):
            y = bias + sum(
                scipy.signal.correlate2d(one, two, mode="full") for one, two in zip(picture, filters, strict=True)
            )
            long = np.zeros((len(y) * up, len(y) * up))
            long[::up, ::up] = y
            for axis in (0, 1):
                before, after = (max(side, 0) for side in padding)
                long = np.pad(long, [(before, after) if axis == at else (0, 0) for at in (0, 1)])
                first, last = (max(-side, 0) for side in padding)
                long = np.take(long, range(first, long.shape[axis] - last), axis=axis)
            y = scipy.signal.convolve2d(long, rise, mode="valid")
            y = y if torgb else np.where(y < 0, 0.2 * y, y) * math.sqrt(2)
            y = y if limit is None else np.clip(y, -limit, limit)
            maps.append(scipy.signal.convolve2d(y, fall, mode="valid")[::down, ::down])
        pictures.append(np.stack(maps))
    return np.stack(pictures)


def schedule(config):
    """Names, factors and paddings of the layers, from the paper's rules."""
    n, last = config["num_layers"], config["resolution"] / 2
    t = [min(i / (n - config["num_critical"]), 1) for i in range(n + 1)]
    cutoff = [config["first_cutoff"] * (last / config["first_cutoff"]) ** e for e in t]
    stop = [config["first_stopband"] * (last * config["last_stopband_rel"] / config["first_stopband"]) ** e for e in t]
    rate = [2 ** math.ceil(math.log2(min(2 * s, config["resolution"]))) for s in stop]
    size = [r + 2 * config["margin_size"] for r in rate[:-2]] + [config["resolution"]] * 2
    wide = [round(min(config["channel_base"] / 2 / c, config["channel_max"])) for c in cutoff[:-1]]
    wide += [config["channels"]]
    rows = []
    for i in range(n + 1):
        j, torgb = max(i - 1, 0), i == n
        middle = max(rate[j], rate[i]) * (1 if torgb else config["lrelu_upsampling"])
        up, down = middle // rate[j], middle // rate[i]
        taps = [config["filter_size"] * f if f > 1 and not torgb else 1 for f in (up, down)]
        kernel = 1 if torgb else config["conv_kernel"]
        total = (size[i] - 1) * down + 1 - (size[j] + kernel - 1) * up + sum(taps) - 2
        low = (total + up) // 2
        rows.append((f"synthesis.L{i}_{size[i]}_{wide[i]}", torgb, up, down, (low, total - low)))
    return rows, (size[0], rate[0], cutoff[0])


def reference(g, z, c=None, truncation=1.0):
    """Pictures of a generator, in double precision."""
    config = g.config()
    state = {name: tensor.double().numpy() for name, tensor in g.state_dict().items()}
    z = z.double().numpy()
    labels = [None] * len(z) if c is None else c.double().numpy()
    ws = [mapped(state, one, label, config["mapping_layers"]) for one, label in zip(z, labels, strict=True)]
    ws = [state["mapping.w_avg"] + truncation * (w - state["mapping.w_avg"]) for w in ws]
    rows, first = schedule(config)
    x = np.stack([waves(state, w, *first) for w in ws])
    for name, torgb, up, down, padding in rows:
        x = layer(x, state, name, ws, torgb, up, down, padding, config["conv_clamp"])
    return x * config["output_scale"]


CASES = {
    "T": T,
    "R": R,
    "T conditional": T | dict(c_dim=3),
    "R conditional": R | dict(c_dim=3),
    "a clamp that is met": T | dict(conv_clamp=0.6, channels=1),
    "no margin": T | dict(margin_size=0),
    "other numbers": dict(
        conv_kernel=2,
        first_cutoff=1.5,
        first_stopband=3.5,
        last_stopband_rel=1.3,
        num_critical=1,
        filter_size=5,
        lrelu_upsampling=3,
        output_scale=0.5,
        mapping_layers=3,
        conv_clamp=None,
    ),
    "no upsampling": dict(lrelu_upsampling=1, num_critical=0, use_radial_filters=True),
}


@pytest.mark.parametrize("case", CASES)
def test_pictures_are_those_of_the_formulas(case):
    g = made(**SMALL | dict(channel_max=4, num_layers=4) | CASES[case])
    z = torch.randn(2, 6, generator=torch.Generator().manual_seed(1))
    c = torch.eye(3)[:2] if g.c_dim else None
    with torch.no_grad():
        for truncation in (1.0, 0.7):
            expected = reference(g, z, c, truncation)
            assert np.abs(expected).max() > 0.1
            found = g(z, c, truncation=truncation).double().numpy()
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


def test_filters_are_the_windowed_sinc_and_the_windowed_jinc():
    g = StyleGAN3Generator(**SMALL | R)
    g.init_weights(torch.Generator().manual_seed(0))
    plan = g.synthesis.plans[2]
    layer = g.synthesis.get_submodule(plan.name)
    taps, fs = plan.up_taps, plan.rate
    t = (np.arange(taps) - (taps - 1) / 2) / fs
    beta = scipy.signal.kaiser_beta(scipy.signal.kaiser_atten(taps, plan.source.half_width * 2 / (fs / 2)))
    sinc = 2 * plan.source.cutoff * np.sinc(2 * plan.source.cutoff * t) * np.kaiser(taps, beta)
    np.testing.assert_allclose(layer.up_filter.numpy(), sinc / sinc.sum(), atol=1e-6)
    taps = plan.down_taps
    t = (np.arange(taps) - (taps - 1) / 2) / fs
    r = np.sqrt(t[:, None] ** 2 + t[None] ** 2)
    beta = scipy.signal.kaiser_beta(scipy.signal.kaiser_atten(taps, plan.result.half_width * 2 / (fs / 2)))
    jinc = (
        scipy.special.j1(2 * np.pi * plan.result.cutoff * r)
        / r
        * np.outer(np.kaiser(taps, beta), np.kaiser(taps, beta))
    )
    np.testing.assert_allclose(layer.down_filter.numpy(), jinc / jinc.sum(), atol=1e-6)


def test_the_published_networks_have_their_names_and_numbers_of_weights():
    with torch.device("meta"):
        t = StyleGAN3Generator(256, channel_base=32768)
        r = StyleGAN3Generator(1024, channel_base=65536, channel_max=1024, **R)
    names = [plan.name for plan in r.synthesis.plans]
    # Hand-derived: rate 16 and margin 10 at the start; the last two layers have no margin.
    assert names[0] == "L0_36_1024" and names[-1] == "L14_1024_3" and names[-2].startswith("L13_1024_")
    assert t.num_ws == r.num_ws == 16
    state = t.state_dict()
    assert {"synthesis.input.transform", "synthesis.input.freqs", "synthesis.input.phases"} <= state.keys()
    last = t.synthesis.plans[-1].name
    assert f"synthesis.{last}.up_filter" not in state and f"synthesis.{last}.magnitude_ema" in state
    assert {state[f"synthesis.{plan.name}.down_filter"].ndim for plan in t.synthesis.plans[:-1]} == {1}
    rounds = [r.state_dict()[f"synthesis.{plan.name}.down_filter"].ndim for plan in r.synthesis.plans[:-1]]
    assert rounds == [2] * 12 + [1] * 2


def moved(g, right=0.0, down=0.0, quarter=False):
    """The transform that moves the picture, in picture widths, or turns it by a quarter."""
    angle = math.pi / 2 if quarter else 0.0
    matrix = np.array([[math.cos(angle), math.sin(angle), right], [-math.sin(angle), math.cos(angle), down], [0, 0, 1]])
    g.synthesis.input.transform.copy_(torch.from_numpy(np.linalg.inv(matrix)))


EQUIVARIANT = dict(resolution=32, channel_base=1024, channel_max=16, z_dim=6, w_dim=8)


def test_moving_the_input_by_a_pixel_moves_the_picture_by_a_pixel():
    g = StyleGAN3Generator(**EQUIVARIANT).eval()
    g.init_weights(torch.Generator().manual_seed(0))
    z = torch.randn(2, 6, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        before = g(z)
        moved(g, right=4 / 32, down=2 / 32)
        after = g(z)
    error = (after[:, :, 2:, 4:] - before[:, :, :-2, :-4]).std() / before.std()
    # Even numbers of pixels are whole samples at the lowest rate, 16; what is left comes from the margin's end.
    assert error < 0.05
    assert (after - before).std() / before.std() > 0.3


def test_turning_the_input_of_r_by_a_quarter_turns_the_picture():
    g = StyleGAN3Generator(**EQUIVARIANT, **R).eval()
    g.init_weights(torch.Generator().manual_seed(0))
    z = torch.randn(2, 6, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        before = g(z)
        moved(g, quarter=True)
        after = g(z)
    turned = [torch.rot90(before, times, (2, 3)) for times in (1, -1)]
    errors = [float((after - one).std() / before.std()) for one in turned]
    assert min(errors) < 1e-4 and max(errors) > 0.3


def test_a_picture_does_not_depend_on_its_neighbours():
    g = made(**T)
    z = torch.randn(3, 6, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        torch.testing.assert_close(g(z)[1:2], g(z[1:2]), rtol=0, atol=1e-6)


def test_config_and_weights_rebuild_the_network():
    g = made(**R, c_dim=3)
    again = StyleGAN3Generator(**json.loads(json.dumps(g.config()))).eval()
    again.load_state_dict(g.state_dict(), strict=True)
    z, c = torch.ones(1, 6), torch.eye(3)[:1]
    with torch.no_grad():
        assert torch.equal(again(z, c), g(z, c))
    assert again.config() == g.config()


def test_seeds_decide_the_weights_and_pictures_can_be_differentiated():
    state = torch.random.get_rng_state()
    one, same, other = (made(seed) for seed in (0, 0, 1))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(torch.equal(t, same.state_dict()[n]) for n, t in one.state_dict().items())
    assert not torch.equal(one.synthesis.input.freqs, other.synthesis.input.freqs)
    assert float(one.synthesis.input.freqs.norm(dim=1).max()) <= 2.0
    pictures, ws = one.with_codes(torch.ones(2, 6))
    pictures.square().sum().backward()
    assert ws.shape == (2, 8, 8)
    still = [name for name, p in one.named_parameters() if p.grad is None or not p.grad.any()]
    assert not still


def test_blocks_name_every_layer_once_by_its_rate():
    g = made(**T)
    assert list(g.blocks()) == sorted(g.blocks()) and list(g.blocks())[-1] == 32
    names = [name for names in g.blocks().values() for name in names]
    assert names == ["synthesis.input"] + [f"synthesis.{plan.name}" for plan in g.synthesis.plans]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(resolution=48), "resolution must be a power of two"),
        (dict(margin_size=2**19), "margin_size must be a whole number from 0 to 64"),
        (dict(margin_size=1.5), "margin_size must be a whole number"),
        (dict(lrelu_upsampling=64), "lrelu_upsampling must be a whole number from 1 to 4"),
        (dict(num_layers=2), "num_critical 2: fewer than the 2 layers"),
        (dict(first_cutoff=0), "first_cutoff must be a number above 0"),
        (dict(first_cutoff=9), "leave a layer of 32 px no room"),
        (dict(first_stopband=0.1), "leave a layer of 32 px no room"),
        (dict(channel_base=8), "channel_base 8 and channel_max 12 leave a layer without channels"),
    ],
)
def test_networks_that_cannot_be_are_refused(options, message):
    with pytest.raises(UserError, match=message):
        StyleGAN3Generator(**SMALL | options)


def test_it_is_no_network_that_trains():
    assert "stylegan3" not in NETWORKS
    with pytest.raises(UserError, match="--source cats.pkl: a stylegan3 is read for sampling and export; adapt from"):
        check_trains("stylegan3", "cats.pkl")
