"""Independent computations that metrics are compared with."""
