"""TWAP orders, their slices and executions."""
