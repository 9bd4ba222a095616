"""The service itself: probes, session, system."""
