"""The one error that pictures and data sets end in."""

from cfer.system.refusals import RefusalError


class PictureError(RefusalError):
    """A picture or a data set that cannot be used. The message is meant for the person who brought it."""


TOO_SMALL = "The picture is too small ({width} x {height}): at least {least} pixels a side."
TOO_LARGE = "The picture is too large ({width} x {height}): at most {most} megapixels."
"""Of pictures decoded and given as arrays."""
