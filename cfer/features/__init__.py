"""Face crops at training detail, and the backbone's pooled features of whole data sets."""
