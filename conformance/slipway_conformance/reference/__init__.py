"""The reference runtime: a small server that honours the contract, and mutants of it that each
break one clause.

It proves the suite and nothing else: no container, one process, speed is no concern. Every decision
is a function of a module, called through the module (``authorise.matches``), so that a mutant is
one replaced function.
"""
