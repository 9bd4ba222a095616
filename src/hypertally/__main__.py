"""`python -m hypertally`."""

from hypertally.cli import main

main()
