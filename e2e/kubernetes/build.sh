#!/usr/bin/env bash
# Finds, or else builds once, the programs that the end-to-end tests run: a real Kubernetes, containerd, Helm.
#
#   build.sh                 prints the directory that holds all of them as the last line on stdout; progress goes to stderr
#   build.sh --if-present    the same, but builds nothing: ends with 3 when they are not there
#
# Looks in $KUBEBUILDER_ASSETS, then in each directory of $PATH, then in the cache folder. A directory counts only when
# it holds every program and its kube-apiserver is at least 1.33: a mixture of versions is not a cluster that anyone runs.
set -euo pipefail

readonly KUBERNETES_VERSION=1.37.2 # with etcd 3.7.0 and kwok 0.8.0: go.mod here
readonly CONTAINERD_VERSION=2.4.2  # containerd/go.mod
readonly HELM_VERSION=4.3.1        # helm/go.mod
readonly OLDEST_MINOR=33           # the oldest Kubernetes that Gantry supports
readonly LINKS="etcd kube-apiserver kube-controller-manager kube-scheduler kubelet kubectl kubeadm kwok"
readonly PROGRAMS="$LINKS containerd containerd-shim-runc-v2 ctr helm pause"
# Seconds that each step takes on two cores, downloads included: what the estimates are made of.
readonly KUBERNETES_SECONDS=520 CONTAINERD_SECONDS=110 HELM_SECONDS=150
readonly REPORT_EVERY_SECONDS=30
readonly KEEP_DAYS=30 # how long a build is kept that nothing has asked for

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${GANTRY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/gantry}/kubernetes

say() { echo "kubernetes: $*" >&2; }

# usable DIR: whether DIR holds every program, in a version that will do.
usable() {
  local program minor
  for program in $PROGRAMS; do
    [[ -x $1/$program ]] || return 1
  done
  minor=$("$1/kube-apiserver" --version 2>/dev/null | sed -n 's/^Kubernetes v1\.\([0-9]*\)\..*/\1/p')
  [[ -n $minor && $minor -ge $OLDEST_MINOR ]]
}

# inputs_hash: the name of a build: everything that its result depends on.
inputs_hash() {
  (cd "$here" && cat go.mod go.sum main.go pause/main.go build.sh {containerd,helm}/go.{mod,sum} | sha256sum | cut -c1-16)
}

# duration SECONDS: in words.
duration() {
  if (($1 < 90)); then echo "$1 s"; else echo "$((($1 + 30) / 60)) min"; fi
}

# scaled SECONDS: what takes SECONDS on two cores, on this machine. Linking does not get faster with more than eight cores.
scaled() {
  local cores
  cores=$(nproc)
  ((cores > 8)) && cores=8
  echo $(($1 * 2 / cores))
}

# step TITLE SECONDS SECONDS_AFTER COMMAND...: runs COMMAND, reporting the time used and the time left, its own and later steps'.
step() {
  local title=$1 expected after=$3 started=$SECONDS report=$REPORT_EVERY_SECONDS used left worker
  expected=$(scaled "$2")
  shift 3
  say "$title: typically $(duration "$expected") on this machine; $(duration $((expected + $(scaled "$after")))) left in all"
  set -m # the worker gets a process group of its own, so that the trap can end all of it
  "$@" >&2 9>&- &
  worker=$!
  set +m
  trap "kill -- -$worker" EXIT
  while kill -0 "$worker" 2>/dev/null; do
    sleep 1
    used=$((SECONDS - started))
    if ((used >= report)); then
      report=$((used + REPORT_EVERY_SECONDS))
      left=$((expected > used ? expected - used : 10))
      say "$title: $(duration "$used") so far, about $(duration $((left + $(scaled "$after")))) left in all"
    fi
  done
  wait "$worker" || { say "$title failed after $(duration $((SECONDS - started))): the reason is above"; return 1; }
  trap - EXIT
  say "$title: done in $(duration $((SECONDS - started)))"
}

go_build() { # MODULE_DIR LDFLAGS OUTPUT PACKAGE...
  local module=$1 ldflags=$2 output=$3
  shift 3
  (cd "$module" && CGO_ENABLED=0 GOFLAGS=-buildvcs=false GOWORK=off go build -trimpath -ldflags "$ldflags" -o "$output" "$@")
}

build_kubernetes() {
  local stamp=k8s.io/component-base/version # without it, `kubectl version` cannot parse what the server answers
  go_build "$here" "-s -w -X $stamp.gitVersion=v$KUBERNETES_VERSION -X $stamp.gitMajor=1 -X $stamp.gitMinor=37" "$1/kube" .
  go_build "$here" "-s -w" "$1/pause" ./pause
  local link
  for link in $LINKS; do
    ln -s kube "$1/$link"
  done
}

build_containerd() {
  local commands=github.com/containerd/containerd/v2/cmd
  go_build "$here/containerd" "-s -w" "$1/" $commands/containerd $commands/containerd-shim-runc-v2 $commands/ctr
}

build_helm() { go_build "$here/helm" "-s -w" "$1/" helm.sh/helm/v4/cmd/helm; }

# build_into DIR: builds everything beside DIR and moves it there whole, so that DIR is never half there.
build_into() {
  local target=$1 work
  command -v go >/dev/null || { say "Go is not installed: install Go 1.26 or newer (https://go.dev/dl), or point KUBEBUILDER_ASSETS to a directory with: $PROGRAMS"; return 1; }
  mkdir -p "$(dirname "$target")"
  # The lock is ours: whatever is half built was given up, and builds that nobody has used for a month are not missed.
  rm -rf "$cache"/*/bin.building.*
  find "$cache" -mindepth 1 -maxdepth 1 -type d -mtime "+$KEEP_DAYS" -exec rm -rf {} +
  work=$(mktemp -d "$target.building.XXXXXX")
  chmod 755 "$work"
  step "[1/3] Kubernetes $KUBERNETES_VERSION, etcd, kwok" $KUBERNETES_SECONDS $((CONTAINERD_SECONDS + HELM_SECONDS)) build_kubernetes "$work"
  step "[2/3] containerd $CONTAINERD_VERSION" $CONTAINERD_SECONDS $HELM_SECONDS build_containerd "$work"
  step "[3/3] Helm $HELM_VERSION" $HELM_SECONDS 0 build_helm "$work"
  mv -T "$work" "$target"
}

trap 'exit 130' INT TERM
IFS=: read -ra candidates <<<"${KUBEBUILDER_ASSETS:+$KUBEBUILDER_ASSETS:}$PATH"
for dir in "${candidates[@]}"; do
  if usable "$dir"; then
    echo "$dir"
    exit 0
  fi
done

bin=$cache/$(inputs_hash)/bin
if [[ ! -d $bin ]]; then
  if [[ ${1:-} == --if-present ]]; then
    say "not there: no directory of KUBEBUILDER_ASSETS or PATH holds all of: $PROGRAMS; and they are not built yet (run $here/build.sh)"
    exit 3
  fi
  mkdir -p "$cache"
  exec 9>"$cache/lock"
  if ! flock --nonblock 9; then
    say "another build is running: waiting for it"
    flock 9
  fi
  [[ -d $bin ]] || build_into "$bin"
fi
touch "$cache/$(inputs_hash)" # used today: see KEEP_DAYS
echo "$bin"
