"""The model card: README.md of a model folder, in the model hub's format."""

from typing import Any


def model_card(about: dict[str, Any], name: str, text: str = "", licence: str = "other") -> str:
    """Returns a model card: the hub's header, then what is known.

    Args:
        about: JSON facts of the model, one line each.
        name: title.
        text: what follows the facts, Markdown.
        licence: the hub's licence id; `other` says that it follows the pictures' own.

    Returns:
        Markdown with a YAML header.

    Example:
        >>> print(model_card({"kimg": 8.0}, "mine").splitlines()[-1])
        - kimg: 8.0
    """
    header = f"---\nlibrary_name: graftgan\nlicense: {licence}\ntags:\n- gan\n- unconditional-image-generation\n---\n"
    facts = "\n".join(f"- {key}: {value}" for key, value in about.items() if value not in ("", [], None))
    return f"{header}\n# {name}\n\n{facts}\n" + (f"\n{text}\n" if text else "")


def delta_note(size: int, method: str) -> str:
    """Returns what the card of a model says of the small delta beside it.

    Args:
        size: of delta.safetensors, in bytes.
        method: whose structure the delta has.

    Example:
        >>> delta_note(34_816, "lowrank").splitlines()[2]
        '`delta.safetensors` (34.8 kB) with `delta.json` is all that `lowrank` changed in the source.'
    """
    return (
        "## Small delta\n\n"
        f"`delta.safetensors` ({size / 1000:.1f} kB) with `delta.json` is all that `{method}` changed in the source.\n"
        "`graftgan blend` puts it on the source, by weight, alone or with others; the source itself stays as it is."
    )
