"""What is remembered of a member who is not level with the others yet; how they get level is for `sharing.entry`."""

from __future__ import annotations

from service.core.remembered import Remembered


class CatchUp(Remembered):
    """A member who is behind. Where a ceiling slows them, `turns` are the numbers of the latest turns that they had, as
    many as it allows. Nothing is kept of who is level.
    """

    turns: tuple[int, ...] = ()
