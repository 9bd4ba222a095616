"""The universe, signals, their outcomes and snapshot anomalies."""
