"""The third version of smart money: the second with the faults mended that its replay showed."""
