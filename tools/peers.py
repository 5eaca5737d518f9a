#!/usr/bin/env python3
"""gcstep beside what a user would pick instead: see --help, and tools/peers/__init__.py."""
from peers.program import main

if __name__ == "__main__":
    main()
