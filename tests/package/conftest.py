# SPDX-License-Identifier: MIT
"""What is installed, and by which way."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
