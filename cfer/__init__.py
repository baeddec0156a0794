"""cfer: compound facial expressions, learned continually on top of basic ones, and explained."""

__version__ = "0.1.0"
