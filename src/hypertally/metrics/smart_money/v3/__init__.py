"""The third version of the signals: its rows, its history and the ends of its periods."""
