"""REST: the same verifier and the same log as the WebSocket. One file a noun."""
