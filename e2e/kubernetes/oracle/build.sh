#!/usr/bin/env bash
# Finds, or else builds once, the oracle: the real kube-scheduler's judgement as a program. Prints its path; progress goes to stderr.
set -euo pipefail

readonly SECONDS_COLD=300 # on two cores, downloads included
readonly KEEP_DAYS=30     # how long a build is kept that nothing has asked for

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${GANTRY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/gantry}/oracle

say() { echo "oracle: $*" >&2; }

# inputs_hash: the name of a build: everything that its result depends on.
inputs_hash() { (cd "$here" && cat go.mod go.sum ./*.go build.sh | sha256sum | cut -c1-16); }

build_into() {
  local target=$1 work started=$SECONDS
  command -v go >/dev/null || { say "Go is not installed: install Go 1.26 or newer (https://go.dev/dl)"; return 1; }
  mkdir -p "$cache"
  exec 9>"$cache/lock"
  flock 9
  [[ -x $target ]] && return
  find "$cache" -mindepth 1 -maxdepth 1 -type f -name 'oracle-*' -mtime "+$KEEP_DAYS" -delete
  say "building kube-scheduler's judgement: at most $((SECONDS_COLD / 60)) min with nothing cached, seconds beside a built Kubernetes"
  work=$target.building
  (cd "$here" && CGO_ENABLED=0 GOFLAGS=-buildvcs=false GOWORK=off go build -trimpath -ldflags "-s -w" -o "$work" .) >&2
  mv "$work" "$target"
  say "built in $((SECONDS - started)) s"
}

program=$cache/oracle-$(inputs_hash)
[[ -x $program ]] || build_into "$program"
touch "$program" # used today: see KEEP_DAYS
echo "$program"
