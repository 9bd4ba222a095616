"""What every job runs on: the queue, kinds and lanes, resources and the shared budget."""
