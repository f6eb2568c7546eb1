"""How each op is written as a call of a C kernel, by family."""
