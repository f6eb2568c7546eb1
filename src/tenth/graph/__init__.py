"""The one representation of a program: counted by the planner, compiled by ship, run by numpy."""
