"""The function process: loads the function once, runs it for each frame that the server sends."""
