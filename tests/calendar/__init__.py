"""The calendar against an independent evaluation of its rule, minute by minute: `make calendar`."""
