"""TWAP orders: statuses and slices."""
