"""Rebuilding and verifying metrics."""
