"""`python -m graftgan` is the command line."""

from graftgan.cli.main import run

run()
