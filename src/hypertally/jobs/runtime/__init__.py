"""What every job runs on: the queue and the shared budget."""
