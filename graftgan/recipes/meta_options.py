"""What `graftgan meta` is told; command line, run.json and Python derive from this one place."""

from dataclasses import dataclass

from graftgan.choices import check_choice
from graftgan.data.square import check_square
from graftgan.errors import UserError
from graftgan.metalearning import ALGORITHMS
from graftgan.methods.inner_loop import OPTIMISERS, InnerLoop
from graftgan.networks.base import check_resolution
from graftgan.recipes.learnt_loop import MOST_SHOTS, MOST_STEPS
from graftgan.recipes.options import LARGEST
from graftgan.training.loop import Schedule

NETWORKS_OF_META = ("dcgan", "stylegan2")


@dataclass(frozen=True, kw_only=True)
class MetaOptions:
    """Trains a source that has learnt to be adapted: each folder of TASKS is a class, each episode learns one."""

    tasks: str | None = None
    """Folder or zip with one folder of pictures for each class."""
    algorithm: str = "reptile"
    """How the initial weights are learnt: {algorithms}. Reptile came furthest for its time; full maml took four times
    as long an episode, without a gain (docs/results/meta)."""
    episodes: int = 20_000
    """Budget: inner loops played in all."""
    at_once: int = 4
    """Episodes whose answers make one outer step; they are computed together, over all devices."""
    inner_steps: int = 10
    """Steps of D and G in an episode."""
    shots: int = 5
    """Pictures that an episode learns from."""
    queries: int = 10
    """Other pictures of the class that judge it; reptile needs none."""
    held_out_classes: int = 20
    """Classes that no episode shows, chosen by the seed."""
    source: str = "none"
    """Model to begin with instead of random weights, which is faster: of `graftgan train --layer-norm` on the same
    classes, or an earlier meta-learnt one. Its widths are then the run's."""
    network: str = "dcgan"
    """dcgan (with layer norm: a few pictures have no batch statistics) or stylegan2."""
    resolution: int = 32
    """Side of the pictures in pixels, a power of two."""
    cbase: int = 384
    """Channels at a resolution R are min(cbase / R, cmax)."""
    cmax: int = 64
    """Most channels anywhere."""
    z_dim: int = 64
    """Length of a latent."""
    grey: bool = False
    """Draw networks of one channel, for ink and other pictures without colour."""
    loss: str = "hinge"
    """Adversarial loss of the inner loop: {losses}."""
    inner_optimiser: str = "adam"
    """sgd, or adam (without momentum, fresh in every episode)."""
    inner_lr_g: float = 0.01
    """Learning rate of G in the inner loop."""
    inner_lr_d: float = 0.01
    """Learning rate of D in the inner loop."""
    r1: float = 10.0
    """Weight of R1 in the inner loop, taken in every step; it makes a step half as long again."""
    gradient_penalty: float = 0.0
    """Weight of WGAN-GP's penalty in the inner loop (FIGR: 10, with --loss wasserstein)."""
    outer_optimiser: str = "adam"
    """What moves the initial weights: adam (without momentum), or sgd, whose --lr is then the part of the way that
    reptile goes toward an episode's end (1: all of it)."""
    lr: float = 0.002
    """Learning rate of the outer optimiser (FIGR: Adam, 0.0001)."""
    ema_episodes: float = 500.0
    """Half-life, in episodes, of the average of both networks' initial weights that becomes the model, at most a
    twentieth of those played so far; 0: none."""
    seed: int = 0
    """Of everything random in the run."""
    outdir: str = "runs"
    """The run's folder is made below this one."""
    resume: str | None = None
    """Go on with this run's folder, with its options; only --episodes may differ: more, or as few as were played, which
    ends a stopped run where it stands."""
    devices: str = "auto"
    """auto, cpu, cpu:2, cuda, cuda:4, mps, or a number of devices."""
    square: str = "crop"
    """How a picture that is not square is made so: `crop` its centre, or `pad` with white."""
    ticks: int = 20
    """How often in the run it logs, draws samples and writes a checkpoint."""
    keep: int = 3
    """Checkpoints that are kept."""

    def __post_init__(self) -> None:
        """Checks every option by itself; raises UserError that names the option."""
        check_choice("--algorithm", self.algorithm, ALGORITHMS)
        check_choice("--network", self.network, NETWORKS_OF_META)
        check_choice("--inner-optimiser", self.inner_optimiser, OPTIMISERS)
        check_choice("--outer-optimiser", self.outer_optimiser, OPTIMISERS)
        check_square(self.square)
        check_resolution(self.resolution, highest=64)
        least = {
            "episodes": 1,
            "at_once": 1,
            "inner_steps": 1,
            "shots": 1,
            "held_out_classes": 0,
            "ticks": 1,
            "keep": 1,
        }
        least |= {"cbase": 1, "cmax": 1, "z_dim": 1, "queries": 1 if ALGORITHMS[self.algorithm].needs_query else 0}
        for name, value in least.items():
            if getattr(self, name) < value:
                raise UserError(f"--{name.replace('_', '-')} {getattr(self, name)}: at least {value}")
        if self.seed < 0:
            raise UserError(f"--seed {self.seed}: must be 0 or above")
        for name in ("shots", "inner_steps"):
            if getattr(self, name) > (MOST_SHOTS if name == "shots" else MOST_STEPS):
                raise UserError(f"--{name.replace('_', '-')} {getattr(self, name)}: too many for an episode")
        for name in ("cbase", "cmax", "z_dim"):
            if getattr(self, name) > LARGEST:
                raise UserError(f"--{name.replace('_', '-')} {getattr(self, name)}: at most {LARGEST}")
        if not 0 <= self.ema_episodes < 1e9:
            raise UserError(f"--ema-episodes {self.ema_episodes}: 0 or more")
        if not 0 < self.lr <= 1:
            raise UserError(f"--lr {self.lr}: above 0, at most 1")
        self.inner_loop()

    def inner_loop(self) -> InnerLoop:
        """Returns the rules of an episode."""
        return InnerLoop(
            self.loss, self.inner_optimiser, self.inner_lr_g, self.inner_lr_d, self.r1, self.gradient_penalty
        )

    def shown(self) -> int:
        """Returns how many real pictures an outer step shows to D, those of all its inner steps together."""
        return self.at_once * (self.inner_steps * self.shots + self.asked())

    def asked(self) -> int:
        """Returns how many query pictures an episode draws."""
        return self.queries if ALGORITHMS[self.algorithm].needs_query else 0

    def schedule(self) -> Schedule:
        """Returns how long the run is, and how its average forgets."""
        steps = -(-self.episodes // self.at_once)
        half_life = self.ema_episodes / self.at_once * self.shown() / 1000
        return Schedule(self.shown(), steps * self.shown() / 1000, self.ticks, half_life, rampup=0.05)
