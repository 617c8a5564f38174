"""The conformance suite: cases as data, one file for each subject, and how counters are judged by them."""
