"""The plugins that come with chat-replay."""
