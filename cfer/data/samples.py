"""Sample table: one row a picture, and where its pixels come from."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from cfer.data.sources import PictureSource


@dataclass(frozen=True)
class Sample:
    """One labelled picture.

    Attributes:
        path: Where its source finds it.
        label: The expression's name in the vocabulary; None if the picture has no usable single label.
        compound: A compound label derived from a split vote; None for most. See `cfer.data.ferplus`.
        person: Who is shown, if known.
        group: Samples of one group never cross a split: the person, or a group of identical pictures.
        split: The data set's own part: "train", "validation", "test", or None.
        votes: Share of the votes for each of `BASICS`, summing to 1, or None.
        truth: Where the source finds a rendered picture's ground truth, or None.
        content: Digest of the picture file's bytes, "" where nobody looked; see `cfer.data.copies.with_contents`.
        truth_content: The same of the ground truth.
    """

    path: str
    label: str | None
    compound: str | None = None
    person: str | None = None
    group: str = ""
    split: str | None = None
    votes: tuple[float, ...] | None = None
    truth: str | None = None
    content: str = ""
    truth_content: str = ""


@dataclass(frozen=True)
class SampleTable:
    """A data set: its rows, its pixels and what is known of it.

    Attributes:
        name: What to call it in reports.
        samples: The rows.
        source: Where the pixels come from.
        cropped: Whether the pictures are face crops already (then no face detection is run on them).
        oddities: Plain sentences about what the reader skipped or found strange.
        about: Plain sentences about pictures, labels and origin that belong on a model card.
    """

    name: str
    samples: tuple[Sample, ...]
    source: PictureSource
    cropped: bool = False
    oddities: tuple[str, ...] = ()
    about: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.samples)

    def only(self, samples: Iterable[Sample]) -> "SampleTable":
        """The same data set with other rows."""
        return replace(self, samples=tuple(samples))

    def part(self, split: str) -> "SampleTable":
        """The rows of one split."""
        return self.only(s for s in self.samples if s.split == split)

    def counts(self) -> dict[str, int]:
        """Pictures per label, the unlabelled under "(none)"."""
        tally: dict[str, int] = {}
        for sample in self.samples:
            key = sample.label or "(none)"
            tally[key] = tally.get(key, 0) + 1
        return tally
