"""`make bench`: each figure of DESIGN section 9, beside its reference and its target, measured in one run."""
