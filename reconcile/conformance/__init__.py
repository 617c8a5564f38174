"""The conformance cases as data: one file for each subject, read by `reconcile.corpus`."""
