"""The tools behind ./slipway: engines, images, functions, and the verbs that use them."""
