"""Official scoring: evaluates submissions, writes them, and shows leaderboards."""
