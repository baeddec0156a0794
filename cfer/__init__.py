"""cfer: compound facial expressions, learned continually on top of basic ones, and explained.

>>> import cfer
>>> from cfer.system.resources import EXAMPLES
>>> reading = cfer.read(EXAMPLES / "2-happy.jpg")
>>> face = reading.faces[0]
>>> face.top
'happy'
>>> explanation = face.explain("happy")
>>> explanation.evidence_for > explanation.evidence_against
True

Another checkpoint is read by `cfer.load(folder)`, which gives a `Reader`; `Reader.teach` gives one that knows a class
more.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cfer.pictures import PictureError, read_picture
    from cfer.reading.reader import FaceReading, Picture, Reader, Reading

from cfer.system.old_names import keep_old_names

__version__ = "0.2.0"
__all__ = ["FaceReading", "PictureError", "Reader", "Reading", "load", "read", "read_picture"]

_PLACES = {
    "FaceReading": "cfer.reading.reader",
    "PictureError": "cfer.pictures",
    "Reader": "cfer.reading.reader",
    "Reading": "cfer.reading.reader",
    "read_picture": "cfer.pictures",
}


keep_old_names()


def load(checkpoint: Any = None) -> "Reader":
    """Load a reader.

    Args:
        checkpoint: A checkpoint folder or object; the project's own by default. One on the Hugging Face Hub comes by
            `cfer.hub.CferModel.from_pretrained("owner/name")`.

    Raises:
        cfer.checkpoint.CheckpointError: The folder cannot be used.

    >>> reader = load()
    >>> len(reader.names)
    22
    """
    from cfer.reading.reader import Reader

    return Reader() if checkpoint is None else Reader(checkpoint)


def read(picture: "Picture", *, already_cropped: bool = False) -> "Reading":
    """Read all faces of a picture by the project's own checkpoint, which is loaded once.

    Args:
        picture: A path, a file's bytes, a PIL image or an array (grey, RGB or RGBA; uint8, or numbers from 0 to 1).
        already_cropped: Take the whole picture for one face.

    Raises:
        PictureError: The picture cannot be used; the message says why in plain words.

    >>> import numpy as np
    >>> read(np.full((200, 200), 0.5)).faces
    ()
    """
    from cfer.reading.reader import default_reader

    return default_reader().read(picture, already_cropped=already_cropped)


def __getattr__(name: str) -> Any:
    """Import the public names when they are first asked for: `import cfer` alone stays cheap."""
    if name in _PLACES:
        import importlib

        return getattr(importlib.import_module(_PLACES[name]), name)
    raise AttributeError(f"module 'cfer' has no attribute {name!r}")
