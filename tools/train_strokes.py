"""Trains the encoder `strokes` again: a small network that tells Omniglot's characters apart.

python tools/train_strokes.py omniglot-105.zip

Source: the data is Lake, Salakhutdinov, Tenenbaum 2015 (Science 350, MIT licence). A class is a character at one of
four turns by 90 degrees; pictures are turned, sheared, scaled and moved a little at random. Of the 242 characters the
40 that `--held-out-classes 40` of `graftgan meta` leaves out by seed 0 are never seen: they say how well it sees new
ones, and benchmarks/meta.py judges generators on 24 of them. Six minutes on two cores; writes graftgan/assets/strokes/.
"""

import argparse
import hashlib
import time
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from graftgan.data import load_pictures
from graftgan.data.tasks import as_tasks
from graftgan.features.strokes import DIM, SIDE, StrokesNetwork

HERE = Path(__file__).parent.parent / "graftgan" / "assets" / "strokes"
HELD_OUT, EPOCHS, BATCH, SHOTS = 40, 14, 128, 5


def jittered(ink: Tensor) -> Tensor:
    """Returns ink maps turned by up to 14 degrees, scaled by up to 20 %, sheared and moved a little."""
    count = len(ink)
    turn, scale = (torch.rand(count) - 0.5) * 0.5, 1 + (torch.rand(count) - 0.5) * 0.4
    shear = (torch.rand(count) - 0.5) * 0.4
    across, down = (torch.rand(count) - 0.5) * 0.3, (torch.rand(count) - 0.5) * 0.3
    rows = [scale * turn.cos(), -turn.sin() + shear, across], [turn.sin(), scale * turn.cos(), down]
    place = torch.stack([torch.stack(row, 1) for row in rows], 1)
    return F.grid_sample(ink, F.affine_grid(place, list(ink.shape), align_corners=False), align_corners=False)


@torch.no_grad()
def told_apart(network: nn.Module, ink: Tensor, classes: list[np.ndarray]) -> float:
    """Returns how many of the other pictures of unseen classes lie nearest to their own class's mean of five."""
    features = [network(ink[torch.from_numpy(at)]) for at in classes]
    means = F.normalize(torch.stack([rows[:SHOTS].mean(0) for rows in features]), dim=1)
    right = [(rows[SHOTS:] @ means.T).argmax(1).eq(at).float().mean().item() for at, rows in enumerate(features)]
    return float(np.mean(right))


def main() -> None:
    """Trains, says what it sees, writes the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path)
    options = parser.parse_args()
    torch.manual_seed(0)
    pictures = load_pictures(options.pictures, SIDE)
    ink = 1 - torch.from_numpy(np.array(pictures.pixels)).permute(0, 3, 1, 2).float().mean(1, keepdim=True) / 255
    tasks = as_tasks(pictures, HELD_OUT, 10, 0)
    seen = np.concatenate([tasks.of(int(task)) for task in tasks.train])
    number = {int(task): at for at, task in enumerate(tasks.train)}
    of_each = torch.tensor([number[int(label)] for label in pictures.labels[seen]])
    examples = torch.cat([torch.rot90(ink[torch.from_numpy(seen)], quarter, (2, 3)) for quarter in range(4)])
    targets = torch.cat([of_each + quarter * len(tasks.train) for quarter in range(4)])

    network = StrokesNetwork()
    head = nn.Linear(DIM, 4 * len(tasks.train))
    per_epoch = len(examples) // BATCH
    optimiser = torch.optim.AdamW([*network.parameters(), *head.parameters()], 2e-3, weight_decay=0.01)
    rates = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=EPOCHS * per_epoch)
    began = time.monotonic()
    for epoch in range(EPOCHS):
        network.train()
        order, total = torch.randperm(len(examples)), 0.0
        for batch in order[: per_epoch * BATCH].split(BATCH):
            guess = head(network.body(jittered(examples[batch])))
            loss = F.cross_entropy(guess, targets[batch], label_smoothing=0.1)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            rates.step()
            total += loss.item()
        apart = told_apart(network.eval(), ink, [tasks.of(int(task)) for task in tasks.held_out])
        took = time.monotonic() - began
        print(f"epoch {epoch}: loss {total / per_epoch:.3f}, unseen told apart {apart:.3f}, {took:.0f} s", flush=True)

    data = safetensors.torch.save(
        {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in network.state_dict().items()}
    )
    HERE.mkdir(exist_ok=True)
    (HERE / "strokes.safetensors").write_bytes(data)
    print(f"{len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
