"""What every resource shares: parameters, rows, JSON."""
