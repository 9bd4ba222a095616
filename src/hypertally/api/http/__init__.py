"""HTTP: limits, cache, static files, problems, telemetry."""
