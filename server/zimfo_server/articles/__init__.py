"""From the HTML of an entry to sections of clean text, and from a title or a query to an entry."""
