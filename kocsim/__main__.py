"""``python -m kocsim``: the command line."""

from kocsim.cli import main

if __name__ == "__main__":
    main()
