"""The page's tabs: what they show and do."""
