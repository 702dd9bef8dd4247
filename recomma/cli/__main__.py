"""`python -m recomma.cli`, for children that are started by the interpreter's own path."""

from recomma.cli.main import main

if __name__ == "__main__":
    main()
