"""Sources of sessions: backends as users open them and authors write them."""
