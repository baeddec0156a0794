"""Phase 3: a class taught from a few pictures, and what it cost the old ones."""
