"""`python -m maskarad` is `maskarad`."""

from maskarad.cli import main

main()
