"""The rules of the adversarial game: loss and penalties, the same for every method."""

from dataclasses import dataclass

from graftgan.losses import AdversarialLoss


@dataclass(frozen=True)
class Rules:
    """Loss, penalties and how often the lazy ones are taken.

    Attributes:
        loss: what D and G minimise.
        r1: weight gamma of `gamma / 2 * |grad D(real)|^2`; 0 leaves it out.
        r1_every: R1 is taken every so many steps and multiplied by it (Karras et al. 2020, arXiv 1912.04958, B).
        r2: weight of the same on fakes, every step R1 is taken.
        gradient_penalty: weight lambda of Wasserstein's penalty, every step.
        path_length: weight of the path length penalty; 0 leaves it out.
        path_every: it is taken every so many steps and multiplied by it.
        lecam: weight of LeCam regularisation of D's logits; 0 leaves it out.
        d_first: so many first steps are D's alone, while G stands still: the opinion of a D that was drawn by the run
            is of nothing before it has trained. They count in the budget, as D is shown pictures in them.
    """

    loss: AdversarialLoss
    r1: float = 0.0
    r1_every: int = 16
    r2: float = 0.0
    gradient_penalty: float = 0.0
    path_length: float = 0.0
    path_every: int = 4
    lecam: float = 0.0
    d_first: int = 0
