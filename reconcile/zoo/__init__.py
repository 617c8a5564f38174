"""The networks that people use, as survey files, and factories for those that no library builds by a name."""
