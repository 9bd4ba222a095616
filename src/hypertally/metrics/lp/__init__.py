"""The LP monitor: what a position in a pool is worth, what it earned, and how it is hedged."""
