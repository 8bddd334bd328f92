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
