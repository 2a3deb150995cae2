#!/bin/sh
# Entry point of the real OpenStack of the end-to-end tests: finds a Python and hands over to controller/ (see README.md or --help).
set -eu
here=$(cd "$(dirname "$0")" && pwd)

for candidate in "${PYTHON:-python3}" python3.11 python3.12 python3.13; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        # exec keeps the caller our parent: `up --foreground` watches for its end. -B: no __pycache__ in the source tree.
        PYTHONPATH="$here" exec "$candidate" -B -m controller "$@"
    fi
done
echo "OpenStack cannot start: it needs Python 3.11 or newer. On Debian 12: apt-get install python3 python3-venv" >&2
exit 1
