"""`slipway bench`: what a runtime costs beside the bare server of its own language.

Everything that is compared is measured in one interleaved run, on one machine.
"""
