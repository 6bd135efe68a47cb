"""What is promised of reliability, shown: `python -m tests.reliability`."""
