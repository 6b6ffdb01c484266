"""Simulated faults: the real lanes on lists and dictionaries, every interleaving and every loss drawn from a seed."""
