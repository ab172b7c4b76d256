"""Helpers of the Makefile: set-up, lock, distribution. No part of the product imports them."""
