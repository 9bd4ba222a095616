"""The archive: seal, release and restore days of facts."""
