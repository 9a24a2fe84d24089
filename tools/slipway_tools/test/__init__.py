"""The verb `test`: everything that this repository can prove about itself, in one run."""
