"""Reading: a picture in, faces out, and everything that a face can be asked."""
