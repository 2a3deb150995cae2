#!/bin/bash
# Process 1 of a real guest: makes its root out of the machine's /usr and the guest's own disk, then boots.
# Runs in mount, pid, uts, ipc, cgroup and network namespaces of its own. Arguments are the environment variables GUEST_*:
#   ROOT the disk, ID, HOSTNAME, ADDRESS, VCPUS, MEMORY_KIB, HIERARCHIES of control groups, BIN the Kubernetes programs,
#   IMAGES image tars (may be empty), CNI the CNI plugins.
set -eu
cd "$GUEST_ROOT"

# The root: everything private to the guest, except programs and libraries, which it shares read-only.
mount --make-rprivate /
mount --bind . .
cd "$GUEST_ROOT"
share() { mkdir -p ".$2"; mount --bind "$1" ".$2"; mount -o remount,bind,ro ".$2"; }
share /usr /usr
share "$GUEST_BIN" /opt/kubernetes/bin
share "$GUEST_CNI" /opt/cni/bin
[ -z "$GUEST_IMAGES" ] || share "$GUEST_IMAGES" /opt/images
for dir in bin sbin lib lib32 lib64; do [ ! -e "/usr/$dir" ] || ln -sfn "usr/$dir" "$dir"; done
mkdir -p proc sys dev run tmp old root
mount --bind /sys sys
mount --rbind /dev dev
mount -t proc proc proc
mount -t tmpfs -o mode=755 tmpfs run
pivot_root . old
cd /
umount --lazy /old
rmdir /old
mount --make-rshared /
chmod 1777 /tmp

# The guest's own groups are the root of what it sees, so that its kubelet measures the guest and not this machine.
mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
for hierarchy in $GUEST_HIERARCHIES; do
    option=$hierarchy
    [ "$hierarchy" != systemd ] || option=none,name=systemd
    mkdir "/sys/fs/cgroup/$hierarchy"
    mount -t cgroup -o "$option" cgroup "/sys/fs/cgroup/$hierarchy"
done

# The hardware is the flavor's: what the kubelet reads of CPUs, memory and the machine's identity.
cover() { mkdir -p "/run/hardware/$1"; mount --bind "/run/hardware/$1" "$2"; }
cover node /sys/devices/system/node
for cpu in $(seq 0 $((GUEST_VCPUS - 1))); do
    mkdir -p "/run/hardware/cpu/cpu$cpu/topology"
    echo "$cpu" > "/run/hardware/cpu/cpu$cpu/topology/core_id"
    echo 0 > "/run/hardware/cpu/cpu$cpu/topology/physical_package_id"
done
# The kubelet counts the directories, but puts its pods' groups only on CPUs that are online: those this machine has, too.
online=$(nproc)
[ "$online" -le "$GUEST_VCPUS" ] || online=$GUEST_VCPUS
echo "0-$((online - 1))" > /run/hardware/cpu/online
cover cpu /sys/devices/system/cpu
sed -E "s/^(MemTotal|MemFree|MemAvailable): .*/\1: $GUEST_MEMORY_KIB kB/; s/^(Swap[A-Za-z]*): .*/\1: 0 kB/" /proc/meminfo > /run/hardware/meminfo
mount --bind /run/hardware/meminfo /proc/meminfo
echo "$GUEST_ID" > /run/hardware/product_uuid
[ ! -e /sys/class/dmi/id/product_uuid ] || mount --bind /run/hardware/product_uuid /sys/class/dmi/id/product_uuid

# What a booting kernel would set.
hostname "$GUEST_HOSTNAME"
cat /proc/sys/kernel/random/uuid > /run/boot_id
mount --bind /run/boot_id /proc/sys/kernel/random/boot_id
echo 1 > /proc/sys/net/ipv4/ip_forward
mkdir -p /run/services /run/lock
export PATH=/opt/gantry/bin:/opt/kubernetes/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin
export HOME=/root

# A service of the init: runs while /run/services/<name>.wanted exists, and again a second after it fails.
supervise() {
    local name=$1 pid
    shift
    while true; do
        if [ -e "/run/services/$name.wanted" ]; then
            "$@" >> "/var/log/$name.log" 2>&1 &
            pid=$!
            echo $pid > "/run/services/$name.pid"
            wait $pid || true
            rm -f "/run/services/$name.pid"
            sleep 1
        else
            sleep 0.1
        fi
    done
}

supervise containerd containerd --config /etc/containerd/config.toml &
supervise kubelet /opt/gantry/bin/kubelet-service &
systemctl start containerd
for _ in $(seq 100); do [ ! -S /run/containerd/containerd.sock ] || break; sleep 0.1; done

# What a golden image would have been built with.
if [ -d /opt/images ] && [ ! -e /var/lib/gantry-images ]; then
    for tar in /opt/images/*.tar; do
        [ ! -e "$tar" ] || ctr --namespace k8s.io images import --local --snapshotter native "$tar" || echo "gantry: $tar could not be imported"
    done
    touch /var/lib/gantry-images
fi

# cloud-init runs user data once for an instance; later boots only start the kubelet that it set up.
mkdir -p /var/lib/cloud/data
if [ -e /var/lib/cloud/instance/user-data.sh ] && [ ! -e /var/lib/cloud/data/result ]; then
    echo running > /var/lib/cloud/data/result
    result=0
    /bin/sh -e /var/lib/cloud/instance/user-data.sh || result=$?
    echo "$result" > /var/lib/cloud/data/result.new
    mv /var/lib/cloud/data/result.new /var/lib/cloud/data/result
    echo "gantry: user data ended with $result"
elif [ -e /etc/kubernetes/kubelet.conf ]; then
    systemctl start kubelet
fi
while true; do wait -n || sleep 1; done
