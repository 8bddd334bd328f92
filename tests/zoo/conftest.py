"""The writers of foreign checkpoints, as one fixture."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def written_files() -> ModuleType:
    """The module `written_files.py` beside this one."""
    spec = importlib.util.spec_from_file_location("written_files", Path(__file__).with_name("written_files.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
