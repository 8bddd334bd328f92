"""`graftgan evaluate MODEL_OR_FOLDER --reference FOLDER`."""

from graftgan.cli.arguments import parse
from graftgan.recipes import evaluate
from graftgan.recipes.table import lines


def main(words: list[str]) -> None:
    """Measures, then prints the table."""
    table = evaluate.run(parse(evaluate.EvaluateOptions, words, "evaluate", positional=("model",)))
    print("\n".join(lines(table)))
