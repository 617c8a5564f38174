"""Starting workers: the fork servers, and what travels to them."""
