"""One pool and one position in it: ticks, amounts, fees, prices; exact to the smallest unit."""
