"""`python -m tenth` is the command line."""

from tenth.cli.main import main

if __name__ == "__main__":
    main()
