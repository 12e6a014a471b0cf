"""``python -m fastnn`` is ``fastnn``."""

import sys

from .cli.main import main

sys.exit(main())
