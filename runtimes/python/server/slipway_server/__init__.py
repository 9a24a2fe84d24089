"""The server process: HTTP, the secret, deadlines and logs. The function runs in another process (slipway_worker)."""
