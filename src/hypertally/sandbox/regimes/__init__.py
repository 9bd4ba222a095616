"""Scripted market regimes for smart money."""
