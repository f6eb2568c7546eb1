"""The main job on one real problem: Conway's Game of Life, from plan to receipt."""
