#!/bin/bash
# The unit's promises, acted out inside the container. One line a promise: "ok NAME" or "not ok NAME: what was seen".
# The drop-in laid beside the unit shortens WatchdogSec= and RestartSec=, nothing else.
set -u
config=/etc/watcher/config.toml
secret=$(cat /etc/watcher/secrets/ops-url)

# --- words ---

told=0
promise() { # NAME COMMAND…
    local name=$1 seen
    shift
    if seen=$("$@" 2>&1); then
        echo "ok $name"
    else
        told=1
        echo "not ok $name: $* said: ${seen:0:300}; $(property Result) $(property ActiveState) $(property NRestarts)"
    fi
}
property() { systemctl show watcher --property="$1" --value; }
is() { [[ $(property "$1") == "$2" ]] || { echo "$1 is $(property "$1"), not $2"; return 1; }; }
pid() { # fails while nothing runs: 0 would mean this script to kill
    local main
    main=$(property MainPID)
    ((main > 0)) && echo "$main"
}
journal() { journalctl --quiet --no-pager --output=cat --unit=watcher; }
daemon_said() { journalctl --quiet --no-pager --output=cat _SYSTEMD_UNIT=watcher.service | grep --quiet --ignore-case -- "$1"; }
systemd_said() { journalctl --quiet --no-pager --output=cat UNIT=watcher.service | grep --quiet --ignore-case -- "$1"; }
within() { # SECONDS COMMAND…: until it holds
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || { "$@"; return; }
        sleep 0.1
    done
}
lives_on_as() { is ActiveState active && [[ $(pid) == "$1" ]]; }
lives_on_as_another_than() { is ActiveState active && pid && [[ $(pid) != "$1" ]]; }

# --- promises ---

begins() {
    systemctl start watcher && is ActiveState active
}
owns_its_state() {
    [[ $(stat --format='%a %U' /var/lib/watcher) == "700 watcher" ]] && [[ -s /var/lib/watcher/watcher.db ]] &&
        [[ -z $(find /var/lib/watcher -type f ! -perm 0600) ]]
}
keeps_its_secret() { # out of its command line, environment, journal and state
    local main
    main=$(pid) || return
    ! { cat "/proc/$main/cmdline" "/proc/$main/environ"; journal; } | grep --quiet --text --fixed-strings "$secret" &&
        ! grep --quiet --recursive --fixed-strings "$secret" /var/lib/watcher
}
is_limited() { # in the kernel: systemd leaves limits out without a word where it cannot set them
    find /sys/fs/cgroup -path '*/watcher.service/memory.limit_in_bytes' -o -path '*/watcher.service/memory.max' |
        xargs cat | grep --quiet --line-regexp 536870912 &&
        find /sys/fs/cgroup -path '*/watcher.service/pids.max' | xargs cat | grep --quiet --line-regexp 256
}
reloads() {
    local before
    before=$(pid) || return
    sed -i 's/^timezone = .*/timezone = "Europe\/Paris"/' "$config"
    systemctl reload watcher && within 10 daemon_said reload && lives_on_as "$before"
}
refuses_a_bad_reload() {
    local before
    before=$(pid) || return
    cp "$config" /tmp/good.toml
    sed -i '1i no_such_key = true' "$config"
    systemctl reload watcher && within 10 daemon_said no_such_key && lives_on_as "$before"
    local result=$?
    cat /tmp/good.toml >"$config"
    return "$result"
}
survives_a_kill() {
    local before
    before=$(pid) || return
    kill -KILL "$before"
    within 15 is NRestarts 1 && within 15 lives_on_as_another_than "$before"
}
survives_a_hang() {
    local before
    before=$(pid) || return
    kill -STOP "$before"
    within 25 is NRestarts 2 && within 15 lives_on_as_another_than "$before" && systemd_said 'watchdog timeout'
}
is_fed() { # beyond the watchdog's limit, it is still the same process
    local before
    before=$(pid) || return
    sleep 6
    lives_on_as "$before"
}
ends_clean() {
    local before=$SECONDS
    systemctl stop watcher && is Result success && is ExecMainStatus 0 && ((SECONDS - before < 25))
}
stays_down_on_a_bad_config() {
    sed -i '1i no_such_key = true' "$config"
    ! systemctl start watcher && within 5 is ActiveState failed && is ExecMainStatus 2 && is NRestarts 0
    local result=$?
    cat /tmp/good.toml >"$config"
    return "$result"
}
is_confined() { # the same unit with another program: acts it must not be able to do, and those it needs
    local said
    mkdir -p /run/systemd/system/probe.service.d
    sed -e '/^ExecReload=/d' -e 's|^ExecStart=.*|ExecStart=/bin/sh /probe|' -e 's|^Type=.*|Type=oneshot|' \
        -e '/^WatchdogSec=/d' -e 's|^Restart=.*|Restart=no|' -e 's|^StateDirectory=.*|StateDirectory=probe|' \
        /etc/systemd/system/watcher.service >/run/systemd/system/probe.service
    cp /etc/systemd/system/watcher.service.d/credentials.conf /run/systemd/system/probe.service.d/
    cat >/probe <<'PROBE'
must() { "$@" >/dev/null 2>&1 || echo "cannot: $*"; }
must_not() { ! "$@" >/dev/null 2>&1 || echo "can: $*"; }
must cat /etc/watcher/config.toml
must cat "$CREDENTIALS_DIRECTORY/ops-url"
must touch "$STATE_DIRECTORY/it"
must_not cat /etc/watcher/secrets/ops-url
must_not touch /etc/watcher/it
must_not touch /opt/it
must_not touch /usr/it
must_not ls /home/.
must_not cat /etc/shadow
must_not unshare --user true
must_not mount -t tmpfs tmpfs "$STATE_DIRECTORY"
PROBE
    systemctl daemon-reload && systemctl start probe
    said=$(journalctl --quiet --no-pager --output=cat --unit=probe --identifier=sh)
    [[ -z $said ]] || { echo "$said"; return 1; }
}

systemd-sysusers
chgrp -R watcher /etc/watcher
chmod 0750 /etc/watcher && chmod 0640 "$config"
systemctl daemon-reload

promise begins begins
promise owns_its_state owns_its_state
promise is_limited is_limited
promise is_fed is_fed
promise reloads reloads
promise refuses_a_bad_reload refuses_a_bad_reload
promise keeps_its_secret keeps_its_secret
promise survives_a_kill survives_a_kill
promise survives_a_hang survives_a_hang
promise ends_clean ends_clean
promise stays_down_on_a_bad_config stays_down_on_a_bad_config
promise is_confined is_confined
((told == 0)) || journal | tail --lines=60
exit "$told"
