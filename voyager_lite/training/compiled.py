"""How the inner loops of the ray caster are compiled."""

from functools import partial

import numba

compiled = partial(numba.njit, cache=True, nogil=True, fastmath=True, _nrt=False)
"""``numba.njit`` for code that makes no arrays of its own. Without numba's run time nobody counts references
to the arrays passed around, which for functions of a few nanoseconds costs several times the work."""
