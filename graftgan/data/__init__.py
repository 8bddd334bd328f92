"""Pictures in, batches out (floor 2: knows nobody but the errors).

`load_pictures` reads a folder or zip into a `PictureSet`, every file accounted for; `Batches` turns it into
tensors.
"""

from graftgan.data.batches import Batches
from graftgan.data.pictures import PictureSet, load_pictures, suggest_resolution
from graftgan.data.prepare import prepare_folder
from graftgan.data.rows import PictureRow, write_rows
from graftgan.data.shots import choose_draw, choose_shots

__all__ = [
    "Batches",
    "PictureRow",
    "PictureSet",
    "choose_draw",
    "choose_shots",
    "load_pictures",
    "prepare_folder",
    "suggest_resolution",
    "write_rows",
]
