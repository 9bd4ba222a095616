"""What a newcomer waits for, in a browser."""
