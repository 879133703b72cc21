"""`python -m streams`: the same as `pulse`."""

from streams.cli import main

main(prog_name="pulse")
