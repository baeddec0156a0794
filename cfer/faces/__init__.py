"""Find faces and cut them out the way the networks were trained to see them."""
