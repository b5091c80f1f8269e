"""The suites of questions that come with zimfo."""
