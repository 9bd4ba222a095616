"""Commands that start processes, and what the processes need."""
