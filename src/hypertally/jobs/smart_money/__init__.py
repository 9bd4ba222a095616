"""The universe, snapshots of every minute, and signals."""
