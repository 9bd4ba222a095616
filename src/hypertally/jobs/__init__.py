"""What runs when: the queue, the worker, and the work that moves data between the stages."""
