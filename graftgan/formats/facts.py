"""What an exported file says of itself, so that whoever finds it knows what it is and what to feed it."""

from importlib.metadata import version

from graftgan.zoo.model_folder import Model

SEED = (
    "z of a seed: torch.randn(z_dim, generator=torch.Generator().manual_seed(seed)), float32 on the CPU; any standard"
    " normal numbers do; c: one-hot, class seed modulo c_dim"
)


def facts(model: Model) -> dict[str, str]:
    """Returns a model's facts as plain text by name.

    Args:
        model: as it was read.

    Returns:
        Names with `graftgan:` in front, as the pictures that `graftgan sample` writes have them; empty ones left out.
    """
    generator, about = model.generator, model.about
    classes = about.get("classes") or []
    found = {
        "version": version("graftgan"),
        "network": model.network,
        "model-sha256": model.digest,
        "resolution": generator.resolution,
        "channels": generator.channels,
        "z-dim": generator.z_dim,
        "c-dim": generator.c_dim,
        "classes": ", ".join(str(name) for name in classes) if isinstance(classes, list) else classes,
        "licence": about.get("licence") or about.get("license") or "",
        "credits": about.get("credits") or "",
        "inputs": "z (N, z_dim) float32; truncation (1,) float32, 1 for none; c (N, c_dim) float32 if c_dim is not 0",
        "output": "pictures (N, channels, resolution, resolution) float32, [-1, 1]; noise is constant",
        "seed": SEED,
    }
    return {f"graftgan:{name}": str(value) for name, value in found.items() if value != ""}
