"""The programs beside ours. Each runs as a process of its own, told by BENCH_ variables."""
