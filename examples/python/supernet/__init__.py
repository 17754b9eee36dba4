# SPDX-License-Identifier: MIT
"""Training of one-shot supernets for librramnas: a task, a supernet, its training, its files."""
