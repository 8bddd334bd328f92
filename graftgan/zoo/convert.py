"""From another project's checkpoint to a model of ours: networks built from its shapes, filled, and accounted for."""

import hashlib
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from graftgan.inert.budget import read_whole
from graftgan.inert.refusal import Refusal, naming
from graftgan.networks import ARCHITECTURES, NETWORKS, Discriminator, Generator
from graftgan.networks.stylegan2 import StyleGAN2Generator
from graftgan.zoo.foreign import read_bytes
from graftgan.zoo.load_report import PartReport, compare
from graftgan.zoo.model_folder import Model, Network, build
from graftgan.zoo.part import Foreign, Part

LEAST_TAKEN = 0.5
"""A partial load brings this share of a network's numbers: less would be a fresh network under another name."""
MEAN_STYLE_OF = 10_000


def convert_file(path: Path, partial: bool = False) -> Model:
    """Reads another project's checkpoint as data and returns its networks as ours.

    Args:
        path: NVIDIA's pickles of StyleGAN2 networks (PyTorch and TensorFlow) and of StyleGAN3 generators, rosinality's
            checkpoints, DCGAN state dicts; recognised by their content.
        partial: take what fits where some tensors do not; the rest is drawn by seed 0.

    Returns:
        The model; `about["load_report"]` holds a line for each thing worth knowing.

    Raises:
        UserError: the file is refused; one line that names it and says why.
    """
    with naming(path):
        data = read_whole(path)
        foreign = read_bytes(data, partial)
        digest = hashlib.sha256(data).hexdigest()
        del data
        model, report = assemble_pair(foreign, path, partial)
    about = {"converted_from": path.name, "converted_form": foreign.form, "converted_sha256": digest}
    return Model(model.network, model.generator, model.discriminator, about | {"load_report": report})


def assemble_pair(foreign: Foreign, path: Path, partial: bool) -> tuple[Model, list[str]]:
    """Returns the networks of a file and the load report; raises Refusal where they do not fit."""
    architecture = ARCHITECTURES[foreign.network]
    if foreign.doubts and not partial:
        raise Refusal(f"{'; '.join(foreign.doubts)}; --partial takes the rest")
    generator, taken = fill(architecture.generator, "generator", foreign.generator, path, partial)
    lines = taken.lines()
    discriminator: Discriminator | None = None
    if foreign.network not in NETWORKS:
        lines.append(f"discriminator: none taken, a {foreign.network} is sampled and exported, not trained")
    elif foreign.discriminator is None:
        lines.append("discriminator: none taken, the file has none that graftgan reads")
    else:
        discriminator, taken = fill(architecture.discriminator, "discriminator", foreign.discriminator, path, partial)
        lines += taken.lines()
        for fact in ("resolution", "channels", "c_dim"):
            ours, theirs = getattr(generator, fact), getattr(discriminator, fact)
            if ours != theirs:
                raise Refusal(f"its generator has {fact} {ours}, its discriminator {theirs}")
    lines += [f"left in the file: {name} ({count} tensors)" for name, count in foreign.left.items()]
    return Model(foreign.network, generator, discriminator, {}), lines + list(foreign.doubts)


def fill(kind: type[Network], role: str, part: Part, path: Path, partial: bool) -> tuple[Network, PartReport]:
    """Returns a network of ours with the tensors of a part.

    It is first laid out without memory and compared with the tensors, so that false shapes cost nothing.

    Raises:
        Refusal: they do not fit, and the user has not asked for a partial load, or too few fit; or one is not finite.
    """
    plan = build(kind, part.config, path, "meta").state_dict()
    report = compare(role, part.origin, part.tensors, plan, part.derived)
    if not (report.whole() or partial):
        raise Refusal(f"{report.summary()}; --partial takes the rest")
    share = count(plan, report.taken) / count(plan, tuple(plan))
    if share < LEAST_TAKEN:
        raise Refusal(f"only {share:.0%} of its {role} fits; at least {LEAST_TAKEN:.0%} must")
    taken = {name: checked(name, part.tensors[name], plan[name]) for name in report.taken}
    network = build(kind, part.config, path, "cpu")
    if not report.whole():
        network.init_weights(torch.Generator().manual_seed(0))
    network.load_state_dict(taken, strict=False)
    network.eval()
    if "mapping.w_avg" in report.derived and isinstance(network, StyleGAN2Generator):
        set_mean_style(network)
    return network, report


def count(plan: dict[str, Tensor], names: tuple[str, ...]) -> int:
    """Returns how many numbers some tensors have."""
    return sum(plan[name].numel() for name in names)


def checked(name: str, tensor: Tensor, wanted: Tensor) -> Tensor:
    """Returns a tensor as the network keeps it; raises Refusal for numbers that are not finite, or not of its kind."""
    if tensor.is_floating_point() != wanted.is_floating_point():
        raise Refusal(f"{name} holds {tensor.dtype}, the network has {wanted.dtype}")
    if not wanted.is_floating_point():
        return tensor
    # A number of double precision may be finite and yet too large for the network's single.
    single = tensor.to(torch.float32)
    if not bool(torch.isfinite(single).all()):
        raise Refusal(f"{name} holds NaN or infinity")
    return single


@torch.no_grad()
def set_mean_style(generator: StyleGAN2Generator) -> None:
    """Sets the style that truncation pulls towards to the mean style of 10,000 latents, drawn by seed 0."""
    z = torch.randn(MEAN_STYLE_OF, generator.z_dim, generator=torch.Generator().manual_seed(0))
    if generator.c_dim:
        raise Refusal("its average style is missing, and its classes leave it open what that is")
    generator.mapping.w_avg.copy_(generator.mapping(z)[:, 0].mean(dim=0))


def describe(model: Model) -> dict[str, Any]:
    """Returns what a card says of a converted model: where it came from, and what was taken."""
    network: Generator = model.generator
    facts = {"network": model.network, "resolution": network.resolution, "classes": network.c_dim}
    return facts | {key: value for key, value in model.about.items() if key != "load_report"}
