"""`python -m cfer`."""

from cfer.cli import main

main()
