"""Makes tests/golden/recipe_losses.json anew: the losses of twelve steps of a small `graftgan train`.

    python tools/make_recipe_losses.py

Run it only when a change of the numbers is meant, and say so in the change.
"""

import json
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

ROOT = Path(__file__).parent.parent


def main() -> None:
    """Trains as the test does and writes what it logged."""
    spec = spec_from_file_location("test_recipe_losses", ROOT / "tests" / "recipes" / "test_recipe_losses.py")
    assert spec is not None and spec.loader is not None
    test = module_from_spec(spec)
    spec.loader.exec_module(test)
    found = {name: test.trained(name) for name in test.RECIPES}
    test.GOLDEN.write_text(json.dumps(found, indent=1) + "\n")
    print(f"{test.GOLDEN}: {sum(map(len, found.values()))} steps", file=sys.stderr)


if __name__ == "__main__":
    main()
