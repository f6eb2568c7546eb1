"""How fast a saved program is: layer by layer under the machine's roof, and against rivals."""
