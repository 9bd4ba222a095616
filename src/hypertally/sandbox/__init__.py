"""An exchange in a box: Hyperliquid's info endpoint with its limits and its faults, on loopback."""
