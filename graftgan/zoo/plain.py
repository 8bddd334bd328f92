"""Plain state dicts of DCGANs, as the widespread PyTorch example saves them: a generator's, or a pair of networks."""

from typing import Any

from torch import Tensor

from graftgan.errors import UserError
from graftgan.inert.budget import Budget
from graftgan.inert.records import DICTIONARIES, Reduced, mapping
from graftgan.inert.refusal import Refusal, shown
from graftgan.inert.tensors import is_tensor
from graftgan.inert.torch_files import TorchFile
from graftgan.networks.dcgan import config_from_state_dict
from graftgan.zoo.part import Foreign, Part
from graftgan.zoo.rosinality import state_dict, tensors_in

PAIRS = (("netG", "netD"), ("netG_state_dict", "netD_state_dict"), ("generator", "discriminator"), ("G", "D"))
"""What training scripts call the two networks of a checkpoint."""


def is_state_dict(parts: dict[Any, Any]) -> bool:
    """Returns whether a dictionary holds tensors and nothing else."""
    return bool(parts) and all(is_tensor(value) for value in parts.values())


def read_plain(file: TorchFile, parts: dict[Any, Any], budget: Budget) -> Foreign:
    """Returns the networks of a DCGAN's checkpoint.

    Args:
        file: answers the storages.
        parts: its dictionary.
        budget: of the file.

    Raises:
        Refusal: it holds no DCGAN's generator.
    """
    if is_state_dict(parts):
        return Foreign("plain DCGAN state dict", "dcgan", part("state dict", state_dict(parts, file, budget)), None)
    for first, second in PAIRS:
        if is_networks(parts.get(first)):
            generator = part(first, state_dict(parts[first], file, budget))
            has_second = is_networks(parts.get(second))
            discriminator = part(second, state_dict(parts[second], file, budget), False) if has_second else None
            rest = {key: value for key, value in parts.items() if key not in (first, second)}
            left = {str(key): tensors_in(value) for key, value in rest.items() if is_dictionary(value)}
            return Foreign("DCGAN checkpoint", "dcgan", generator, discriminator, left)
    inner = [key for key, value in parts.items() if is_networks(value)]
    if len(inner) == 1:
        rest = {key: value for key, value in parts.items() if key != inner[0]}
        left = {str(key): tensors_in(value) for key, value in rest.items() if is_dictionary(value)}
        taken = part(str(inner[0])[:40], state_dict(parts[inner[0]], file, budget))
        return Foreign("DCGAN state dict within a checkpoint", "dcgan", taken, None, left)
    raise Refusal(f"it holds neither a StyleGAN2 nor a DCGAN that graftgan knows, but {shown(list(parts)[:9])}")


def is_dictionary(value: Any) -> bool:
    """Returns whether a value is a dictionary of any kind."""
    return isinstance(value, dict) or isinstance(value, Reduced) and value.callable in DICTIONARIES


def is_networks(value: Any) -> bool:
    """Returns whether a value is a state dict."""
    return is_dictionary(value) and is_state_dict(mapping(value))


def part(origin: str, tensors: dict[str, Tensor], generator: bool = True) -> Part:
    """Returns a network of the wanted kind."""
    try:
        config = config_from_state_dict(tensors)
    except UserError as error:
        raise Refusal(str(error)) from error
    if ("z_dim" in config) != generator:
        raise Refusal(f"its {origin} is a {'discriminator' if generator else 'generator'}, not the other network")
    return Part(origin, config, tensors)
