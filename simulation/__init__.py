"""`make simulate`: pages by the million through the real `advance`, with everything around it simulated and faulty.

One seed is one small world: a practice drawn at random, one to three pages, the people and their phones, Twilio, two
workers and a server with their clocks, and the faults that the world may have. The same seed gives the same world, to
the last key pressed. What must hold is in `simulation.promises`; nothing here decides what a page does.
"""
