#!/bin/bash
# Enters a guest's control groups and namespaces, then becomes its process 1. Arguments: the groups' cgroup.procs files.
set -eu
for file in "$@"; do echo $$ > "$file"; done
exec nsenter --net="$GUEST_NETNS" unshare --cgroup --mount --pid --uts --ipc --fork --kill-child /bin/bash "$GUEST_INIT"
