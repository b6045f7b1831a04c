<<<<<<< ours
<<<<<<< ours
"""Captures of what model APIs sent, and of what was sent to them."""
=======
"""Formats of captured API responses and of the streams that front ends get."""
>>>>>>> theirs
=======
"""Captures of what model APIs sent, and of what was sent to them."""
>>>>>>> theirs
