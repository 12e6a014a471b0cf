"""``python -m fastnn`` is ``fastnn``."""

import sys

from fastnn.cli import main

sys.exit(main())
