"""From a graph to C: steps, their memory, and the text of each file."""
