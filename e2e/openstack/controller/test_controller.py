"""Tests of what the controller decides by itself; run by `python3 -B -m unittest controller.test_controller` in e2e/openstack."""

import io
import tempfile
import unittest
from pathlib import Path

from . import install, processes
from .places import DIR_BYTES_MAX, MARKER, Run
from .progress import PHASE_SECONDS, Failure, Progress


class Clock:
    """A clock that goes when told."""

    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


class ProgressTest(unittest.TestCase):
    def test_time_left_is_the_sum_of_the_phases_that_remain(self):
        progress = Progress(["save", "start"], clock=Clock(), out=io.StringIO())
        self.assertEqual(progress.left_s(), PHASE_SECONDS["save"] + PHASE_SECONDS["start"])

    def test_a_slow_phase_makes_the_rest_longer(self):
        clock = Clock()
        progress = Progress(["save", "start"], clock=clock, out=io.StringIO())
        progress.phase("save", "saving")
        clock.now_s = 2 * PHASE_SECONDS["save"]
        progress.phase("start", "starting")
        self.assertEqual(progress.left_s(), 2 * PHASE_SECONDS["start"])

    def test_the_last_line_promises_nothing_more(self):
        out = io.StringIO()
        Progress(["save"], clock=Clock(), out=out).end("done")
        self.assertEqual(out.getvalue(), "[   0.0 s] done\n")


class RunTest(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.dir = Path(holder.name) / "run"

    def test_a_folder_with_strangers_is_left_alone(self):
        self.dir.mkdir()
        self.dir.joinpath("precious").touch()
        run = Run(self.dir, "127.0.7.1")
        self.assertRaisesRegex(Failure, "was left alone", run.clear)
        run.remove()
        self.assertTrue(self.dir.joinpath("precious").exists())

    def test_a_folder_of_ours_is_emptied_and_removed(self):
        run = Run(self.dir, "127.0.7.1")
        run.clear()
        run.path("log").mkdir()
        run.clear()
        self.assertEqual([entry.name for entry in self.dir.iterdir()], [MARKER])
        run.remove()
        self.assertFalse(self.dir.exists())

    def test_a_path_too_long_for_a_socket_is_refused(self):
        self.assertRaisesRegex(Failure, "shorter --dir", Run, Path("/" + "x" * DIR_BYTES_MAX), "127.0.7.1")


class ProcessesTest(unittest.TestCase):
    def test_only_processes_of_the_folder_are_found_and_ended(self):
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
            runs = [Run(Path(one), ""), Run(Path(other), "")]
            started = []
            for run in runs:
                run.path("log").mkdir()
                started.append(processes.start(run, "sleep", ["sleep", "60"], {"PATH": "/usr/bin:/bin"}, tied=True))
            processes.stop(lambda: processes.find(one), 1)
            self.assertEqual(processes.find(one), [])
            self.assertEqual([process.pid for process in processes.find(other)], [started[1].pid])
            processes.stop(lambda: processes.find(other), 0)
            for process in started:
                process.wait()


class PinsTest(unittest.TestCase):
    def test_every_package_is_pinned_once(self):
        names = [name.lower() for name, _version in install._pins()]
        self.assertEqual(len(names), len(set(names)))
        self.assertTrue({"keystone", "nova", "neutron", "cinder", "glance", "openstack-placement", "waitress"} <= set(names))


if __name__ == "__main__":
    unittest.main()
