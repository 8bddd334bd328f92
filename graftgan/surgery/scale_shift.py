"""Find the numbers of a generator that scale and shift whole channels: few, and enough to restyle its pictures."""

from torch import nn

from graftgan.errors import UserError
from graftgan.networks.base import Generator
from graftgan.networks.layers import ModulatedConv, ToRGB


def scale_shift(generator: Generator) -> dict[str, nn.Parameter]:
    """Returns the per-channel scales and shifts of `generator`, by name; changes nothing.

    Source: Noguchi, Harada 2019 (arXiv 1904.01774, section 3.1), who take batch norm's; group norm has the same.
    StyleGAN2 has no norm; there the scale of a convolution's input channel is `style = A w + b` (Karras et al. 2019,
    arXiv 1912.04958, equation 1), so its constant part `b` is the scale, and the bias that is added to a convolution's
    result the shift. toRGB has both likewise.

    Args:
        generator: any; where it has norms, theirs are meant and nothing else.

    Returns:
        Name in `generator.named_parameters()` -> parameter, one number a channel each.

    Raises:
        UserError: a generator without norms and styles.

    Example:
        >>> from graftgan.networks import NETWORKS
        >>> g = NETWORKS["dcgan"].generator(16, channel_base=64, channel_max=8, z_dim=4)
        >>> list(scale_shift(g))
        ['main.1.weight', 'main.1.bias', 'main.4.weight', 'main.4.bias']
    """
    normed, styled = [], []
    for name, module in generator.named_modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm | nn.GroupNorm) and module.affine:
            normed += [f"{name}.weight", f"{name}.bias"]
        elif isinstance(module, ModulatedConv | ToRGB):
            styled += [f"{name}.affine.bias", f"{name}.bias"]
    if not (normed or styled):
        raise UserError(f"a {type(generator).__name__} has neither norms nor styles: no scales and shifts to train")
    return {name: generator.get_parameter(name) for name in normed or styled}
