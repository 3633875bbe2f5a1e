#!/usr/bin/env bash
# Boots a real systemd in a container over this machine's own /, runs one script in it, prints what the script said
# and exits as it did. Nothing of the machine is changed: writes go to a tmpfs over it.
#
#   boot.sh PAYLOAD SCRIPT [SYSTEMD-NSPAWN-OPTION…]     PAYLOAD: a directory laid over /
#
# Needs root, systemd and systemd-container. Boots in about a second.
set -euo pipefail
payload=$1 script=$2
shift 2

work=$(mktemp -d)
root=$work/root
groups=() # control groups made here

clean_up() {
    umount "$root" 2>/dev/null || true
    umount -l "$work"
    rmdir "$work"
    local group
    for group in "${groups[@]}"; do
        echo $$ >"$(dirname "$group")/cgroup.procs" || true
        find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
    done
}

# The machine's own root below, a tmpfs above it; none of the machine's services are wanted.
lay_root() {
    mount -t tmpfs -o size=512m tmpfs "$work"
    trap clean_up EXIT
    mkdir "$work/upper" "$work/work" "$root"
    mount -t overlay overlay -o "lowerdir=/,upperdir=$work/upper,workdir=$work/work" "$root"
    rm -rf "$root"/etc/systemd/system/*.wants
    : >"$root/etc/machine-id"
    cp -r "$payload/." "$root/"
    install -m 0755 "$script" "$root/acceptance"
    cat >"$root/etc/systemd/system/acceptance.service" <<'UNIT'
[Unit]
Description=the script under which the container lives and dies
After=basic.target
SuccessAction=exit
FailureAction=exit
[Service]
Type=oneshot
TimeoutStartSec=110
ExecStart=/bin/sh -c 'exec /acceptance >/acceptance.log 2>&1'
UNIT
}

# nspawn mounts control groups (version 1) read-only, and systemd then leaves out MemoryMax= and TasksMax= without a word.
lay_init() {
    cat >"$root/init-with-limits" <<'INIT'
#!/bin/sh
for controller in memory pids cpu cpuacct; do
    mount -o remount,rw,bind "/sys/fs/cgroup/$controller" 2>/dev/null
done
exec /lib/systemd/systemd systemd.unit=acceptance.service
INIT
    chmod 0755 "$root/init-with-limits"
}

# The container's systemd needs a group of its own in each hierarchy; on a unified machine nspawn sees to it.
enter_groups() {
    local controller path group
    for controller in memory pids systemd unified; do
        [[ -d /sys/fs/cgroup/$controller ]] || continue
        path=$(awk -F: -v c="$controller" '$2 == c || $2 == "name=" c || (c == "unified" && $1 == 0) { print $3 }' /proc/self/cgroup)
        group=/sys/fs/cgroup/$controller${path%/}/watcher-test-$$
        mkdir "$group" && groups+=("$group")
        echo $$ >"$group/cgroup.procs"
    done
}

lay_root
lay_init
enter_groups
status=0
timeout 120 systemd-nspawn --quiet --register=no --keep-unit --directory="$root" --machine="watcher-test-$$" \
    --private-network --console=pipe "$@" /init-with-limits </dev/null >"$work/console.log" 2>&1 || status=$?
cat "$root/acceptance.log" 2>/dev/null || cat "$work/console.log"
exit "$status"
