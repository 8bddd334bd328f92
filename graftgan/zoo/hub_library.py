"""What graftgan asks of `huggingface_hub`: three questions, each error of the library turned into one line."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from graftgan.errors import UserError

INSTALL = "pip install 'graftgan[hub]'"


class Unreachable(UserError):
    """The hub cannot be reached, or may not be (HF_HUB_OFFLINE)."""


@contextlib.contextmanager
def plainly(word: str) -> Iterator[None]:
    """Turns the library's errors into one line that names the hub id.

    Args:
        word: the id, as the user wrote it.

    Raises:
        UserError: with the reason; `Unreachable` where the network is missing.
    """
    try:
        from huggingface_hub import errors
    except ImportError as error:
        raise UserError(f"{word}: models of the hub need {INSTALL}") from error
    # The library's HTTP package has changed its name; older versions of it do not resolve revisions apart.
    http_error = vars(errors)["HTTPError"]
    unresolved = getattr(errors, "RevisionResolutionError", OSError)
    try:
        yield
    except errors.GatedRepoError as error:
        raise UserError(f"{word}: is gated: accept its terms on its page, then `hf auth login`") from error
    except errors.RevisionNotFoundError as error:
        raise UserError(f"{word}: the hub has no such revision of it") from error
    except errors.RepositoryNotFoundError as error:
        raise UserError(f"{word}: the hub has no such model, or it is private (`hf auth login`)") from error
    except errors.RemoteEntryNotFoundError as error:
        raise UserError(f"{word}: the hub has no such file in it") from error
    except errors.OfflineModeIsEnabled as error:
        raise Unreachable(f"{word}: is not in the hub's cache, and HF_HUB_OFFLINE forbids to fetch it") from error
    except errors.HFValidationError as error:
        raise UserError(f"{word}: is no id of a model on the hub") from error
    except errors.HfHubHTTPError as error:
        answer = getattr(error.response, "status_code", "nothing")
        kind = UserError if answer in (401, 403) else Unreachable
        raise kind(f"{word}: the hub answers {answer}") from error
    except (http_error, OSError, unresolved) as error:
        raise Unreachable(f"{word}: the hub cannot be reached, and it is not in its cache") from error


def listing(word: str, repo: str, revision: str | None) -> tuple[str, dict[str, int | None]]:
    """Returns the commit of a model's revision, and the size of every file in it.

    Args:
        word: the id for messages.
        repo: `user/name`.
        revision: branch, tag or commit; None is the newest.
    """
    with plainly(word):
        from huggingface_hub import HfApi

        info = HfApi().model_info(repo, revision=revision, files_metadata=True)
        return str(info.sha), {file.rfilename: file.size for file in info.siblings or []}


def folder(word: str, repo: str, revision: str | None, patterns: list[str], local: bool) -> Path | None:
    """Returns the folder in the library's cache that holds some files of a model.

    Args:
        word: the id for messages.
        repo: `user/name`.
        revision: as above.
        patterns: names of the files.
        local: look in the cache only; None comes back where it is not there.
    """
    with plainly(word):
        from huggingface_hub import errors, snapshot_download

        try:
            return Path(snapshot_download(repo, revision=revision, allow_patterns=patterns, local_files_only=local))
        except errors.LocalEntryNotFoundError:
            if local:
                return None
            raise


def file(word: str, repo: str, revision: str | None, name: str, local: bool) -> Path | None:
    """Returns one file of a model in the library's cache; arguments as above.

    Args:
        word: the id for messages.
        repo: `user/name`.
        revision: as above.
        name: of the file, with its folders.
        local: as above.
    """
    with plainly(word):
        from huggingface_hub import errors, hf_hub_download

        try:
            return Path(hf_hub_download(repo, name, revision=revision, local_files_only=local))
        except errors.LocalEntryNotFoundError:
            if local:
                return None
            raise
