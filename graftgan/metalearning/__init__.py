"""Learning a source to be adapted: what an episode of each algorithm says about where the weights should go."""

from graftgan.metalearning.algorithm import ALGORITHMS, Algorithm

__all__ = ["ALGORITHMS", "Algorithm"]
