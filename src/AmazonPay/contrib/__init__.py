"""Bridges to other packages: each needs its extra, and AmazonPay loads none."""
