"""Smart money: signals, universe, snapshots."""
