"""The made-up exchange as a server: protocol, limits, faults."""
