"""The one error that pictures and data sets end in."""


class PictureError(ValueError):
    """A picture or a data set that cannot be used. The message is meant for the person who brought it."""
