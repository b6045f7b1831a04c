"""A text in which another scanner's own tests find a secret."""

import attrs


@attrs.frozen
class Sample:
    """A text with a secret that a scanner has to find."""

    rule: str  #: the scanner's rule
    text: str
    secret: str  #: the stretch of the text that the scanner reports
    least: float  #: the part of it that has to be replaced
