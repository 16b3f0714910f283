//! End-to-end tests of cloudc; the cases are the folders beside this file.
