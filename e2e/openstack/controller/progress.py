"""Progress lines on standard error: what happens, since when, and how long it will still take."""

import sys
import time

# Seconds each phase takes on a quiet machine with two cores; only used to tell how long is left.
PHASE_SECONDS = {
    "debian packages": 20,
    "python packages": 65,
    "migrations": 25,
    "first start": 15,
    "seed": 12,
    "save": 3,
    "start": 8,
}
# A slow machine is noticed from the phases already done, within these bounds.
SLOWDOWN_MIN, SLOWDOWN_MAX = 0.5, 6.0


class Failure(Exception):
    """An error for the user: a sentence that says what happened, why, and what to do."""


class Progress:
    """Counts down through a list of phases, learning from each how slow this machine is."""

    def __init__(self, phases, clock=time.monotonic, out=sys.stderr):
        self._clock, self._out = clock, out
        self._begin = self._phase_begin = clock()
        self._todo = list(phases)
        self._current = None
        self._done_expected_s = 0.0

    def phase(self, name, text):
        """Begins phase `name`, ending the one before it."""
        self._finish()
        if name in self._todo:
            self._todo.remove(name)
            self._current = name
        self.say(text)

    def say(self, text):
        """Prints one line with the time since the start and the time left."""
        elapsed_s = self._clock() - self._begin
        print(f"[{elapsed_s:6.1f} s] {text}{self._left_text()}", file=self._out, flush=True)

    def end(self, text):
        """Ends the last phase and prints the closing line."""
        self._finish()
        self._todo.clear()
        self.say(text)

    def left_s(self):
        """Seconds still to go: what the remaining phases cost on a quiet machine, times how slow this one has been."""
        expected_s = sum(PHASE_SECONDS[name] for name in self._todo) * self._slowdown()
        if self._current:
            in_phase_s = self._clock() - self._phase_begin
            expected_s += max(PHASE_SECONDS[self._current] * self._slowdown() - in_phase_s, 0)
        return expected_s

    def _slowdown(self):
        if not self._done_expected_s:
            return 1.0
        ratio = (self._phase_begin - self._begin) / self._done_expected_s
        return min(max(ratio, SLOWDOWN_MIN), SLOWDOWN_MAX)

    def _left_text(self):
        if not self._current and not self._todo:
            return ""
        return f" (about {max(round(self.left_s()), 1)} s left)"

    def _finish(self):
        if self._current:
            self._done_expected_s += PHASE_SECONDS[self._current]
        self._current = None
        self._phase_begin = self._clock()
