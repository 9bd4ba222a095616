"""Pulling candles, mids and reference prices."""
