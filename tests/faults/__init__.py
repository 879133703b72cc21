"""The exactness campaign: workers killed and frozen under load, and every count compared.

`python -m tests.faults` runs it. What is expected (`oracle`), what is sent (`load`) and what is
found (`verdict`) are written from the contract alone: nothing here imports the code under test.
"""
