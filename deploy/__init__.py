"""What others deploy us with; `python -m deploy` writes what is made of something else."""
