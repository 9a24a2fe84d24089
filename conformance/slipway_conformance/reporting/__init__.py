"""Reports: the data first (document.py), then one module per way to show it."""
