"""What was captured of the APIs of models, and of the streams to user interfaces."""
