"""`graftgan meta TASKS`."""

from graftgan.cli.arguments import given, parse
from graftgan.recipes import meta, meta_options


def main(words: list[str]) -> None:
    """Learns a source to be adapted and says where it is."""
    folder = meta.run(parse(meta_options.MetaOptions, words, "meta", positional=("tasks",)), given(words))
    print(f"model: {folder / 'model'}")
