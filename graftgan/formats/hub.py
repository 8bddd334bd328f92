"""The model hub: a model folder with its card and a grid of pictures, uploaded by the hub's own library."""

import contextlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graftgan.errors import UserError
from graftgan.formats.card import model_card
from graftgan.formats.extras import require
from graftgan.zoo.delta import FACTS, TENSORS
from graftgan.zoo.model_folder import CARD, CONFIG, DISCRIMINATOR, GENERATOR

OPTION = "--push-to-hub"
SAMPLES = "samples.png"
KEPT = (CONFIG, GENERATOR, DISCRIMINATOR, FACTS, TENSORS)
NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
LICENCE = re.compile(r"[a-z0-9][a-z0-9.+-]{1,40}")


def check_name(repo: str) -> None:
    """Refuses what cannot be a model's name on the hub, before anything is drawn or exported.

    Raises:
        UserError: it is not like user/name, or the hub's library is not installed.

    Example:
        >>> check_name("someone/ink-faces")
    """
    require(OPTION, "hub", "huggingface_hub")
    if NAME.fullmatch(repo) is None or len(repo) > 96 or ".." in repo or "--" in repo:
        raise UserError(f"{OPTION} {repo[:100]}: give user/name, of letters, digits, -, _ and .")


def push(folder: Path, repo: str, samples: bytes, *, private: bool = False, exported: Path | None = None) -> str:
    """Uploads a model folder with a card that the hub understands.

    Who uploads is who is logged in with the hub's library (`hf auth login`, or HF_TOKEN); graftgan asks for no token
    and reads none. The folder itself stays as it is.

    Args:
        folder: of the model; its weights, config.json, card and small delta are taken, nothing else in it.
        repo: user/name; made if there is none.
        samples: a grid of pictures, PNG.
        private: whether a new repository is shown to its owner only.
        exported: one more file to put beside the weights.

    Returns:
        The address of the model's page.

    Raises:
        UserError: a bad name, nobody logged in, no network, or the hub refuses.
    """
    check_name(repo)
    if exported is not None and exported.name in (*KEPT, CARD, SAMPLES):
        raise UserError(f"{exported}: on the hub that is the name of a file of the model itself; take another")
    from huggingface_hub import HfApi

    with tempfile.TemporaryDirectory(prefix="graftgan-hub-") as made:
        staged = Path(made)
        for file in [folder / name for name in KEPT if (folder / name).is_file()] + ([exported] if exported else []):
            shutil.copyfile(file, staged / file.name)
        (staged / SAMPLES).write_bytes(samples)
        (staged / CARD).write_text(hub_card(folder, repo, exported.name if exported else ""), encoding="utf-8")
        with _one_line(repo):
            api = HfApi(library_name="graftgan")
            address = str(api.create_repo(repo, private=private, exist_ok=True))
            api.upload_folder(repo_id=repo, folder_path=staged, commit_message="Uploaded by graftgan export")
    return address


def hub_card(folder: Path, repo: str, exported: str = "") -> str:
    """Returns the card for the hub: its header, pictures, facts, how to use it, then what the folder's card says.

    Args:
        folder: of the model.
        repo: user/name.
        exported: name of one more file beside the weights.
    """
    about: dict[str, Any] = json.loads((folder / CONFIG).read_bytes()).get("about") or {}
    card = folder / CARD
    text = card.read_text(encoding="utf-8", errors="replace") if card.is_file() else ""
    header, body = _parted(text)
    licence = str(about.get("licence") or about.get("license") or _field(header, "license") or "other").lower()
    use = (
        f"![Seeds 0 to 15](./{SAMPLES})\n\nSeeds 0 to 15, not picked.\n\n## Use it\n\n"
        "    pip install 'graftgan[hub]'\n"
        f"    graftgan sample hf:{repo} --seeds 0-63\n"
        f"    graftgan adapt PHOTOS --source hf:{repo}\n"
    )
    if exported:
        use += f"\n`{exported}` is the generator alone, for other programs; its metadata say what to feed it.\n"
    # The folder's own title and facts come again from `about`: what is kept is what follows them.
    later = re.split(r"^(?=## )", body, maxsplit=1, flags=re.MULTILINE)[1:]
    name = repo.split("/")[1]
    made = model_card(about, name, "\n\n".join([use.strip(), *(part.strip() for part in later)]), "other")
    lines = [f"license: {licence if LICENCE.fullmatch(licence) else 'other'}"]
    if str(about.get("source", "")).startswith("hf:"):
        lines.append(f"base_model: {json.dumps(str(about['source'])[3:].split('@')[0])}")
    lines.append("pipeline_tag: unconditional-image-generation")
    return made.replace("license: other", "\n".join(lines), 1)


def _parted(text: str) -> tuple[str, str]:
    """Returns a card's YAML header, without its lines of dashes, and what follows."""
    found = re.match(r"---\n(.*?)\n---\n", text, flags=re.DOTALL)
    return (found[1], text[found.end() :]) if found else ("", text)


def _field(header: str, name: str) -> str:
    found = re.search(rf"^{name}: *(\S+) *$", header, flags=re.MULTILINE)
    return found[1] if found else ""


@contextlib.contextmanager
def _one_line(repo: str) -> Iterator[None]:
    """Turns what the hub's library raises into one line that says what to do."""
    from huggingface_hub import errors as hub

    try:
        yield
    except hub.LocalTokenNotFoundError as error:
        raise UserError(f"{OPTION}: nobody is logged in: run `hf auth login` once, or set HF_TOKEN") from error
    except hub.HFValidationError as error:
        raise UserError(f"{OPTION} {repo}: {_first(error)}") from error
    except hub.OfflineModeIsEnabled as error:
        raise UserError(f"{OPTION}: the hub's library is switched offline (HF_HUB_OFFLINE)") from error
    except hub.HfHubHTTPError as error:
        status = getattr(error.response, "status_code", None)
        if status == 401:
            raise UserError(f"{OPTION}: the hub does not know this login: run `hf auth login` again") from error
        if status == 403:
            raise UserError(f"{OPTION} {repo}: this login may not write there") from error
        raise UserError(f"{OPTION} {repo}: the hub refuses: {_first(error)}") from error
    # By the library's own import: which HTTP client raises it depends on the library's version.
    except (hub.HTTPError, ConnectionError, TimeoutError) as error:  # type: ignore[attr-defined]
        raise UserError(f"{OPTION}: the hub cannot be reached: {_first(error)}") from error


def _first(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
