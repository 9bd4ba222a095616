"""The doors to the outside world: one client each, with its limits, retries and errors."""
