#!/bin/bash
# Runs in a Debian that scripts/try-packages.sh has booted.
set -euo pipefail
cd /try
export PAGER=cat SYSTEMD_PAGER=cat SYSTEMD_COLORS=0
trap 'echo "failed at line $LINENO"; systemctl status adapterd --no-pager || true; journalctl -u adapterd --no-pager | tail -30' ERR

property() { systemctl show adapterd --property "$1" --value; }
until_true() { # what holds soon: 30 s at most
  for _ in $(seq 300); do if "$@"; then return 0; fi; sleep 0.1; done
  echo "in vain: $*"
  return 1
}
is() { [ "$(property "$1")" = "$2" ]; }
empty() { [ -z "$(ls -A "$1")" ]; }
logged() { journalctl -u adapterd --no-pager | grep -q "$1"; }

dpkg -i adapterd.deb
[ "$(systemctl is-enabled adapterd || true)" = disabled ]

# Without a document it does not start, and that is no failure.
systemctl start adapterd
is ActiveState inactive
is ConditionResult no
is Result success
echo "ok: no document, no start"

cp adapter.xml /etc/adapterd/adapter.xml
echo 'ADAPTERD_OPTIONS="--admin 127.0.0.1:8088 --embedded-kinesis 127.0.0.1:0"' >/etc/adapterd/adapterd.env
mkdir -p /etc/systemd/system/adapterd.service.d
printf '[Service]\nWatchdogSec=2s\n' >/etc/systemd/system/adapterd.service.d/watchdog.conf
systemctl daemon-reload
systemd-analyze verify --man=no /usr/lib/systemd/system/adapterd.service
systemctl enable --now adapterd
is ActiveState active
is NotifyAccess main
property StatusText | grep -q '1 channel; '
echo "ok: started, and systemd was told: $(property StatusText)"
main=$(property MainPID)
[ "$(stat -c %u /proc/"$main")" -ge 61184 ] # where those of DynamicUser begin
grep -q 'NoNewPrivs:.1' /proc/"$main"/status
grep -q 'CapEff:.0000000000000000' /proc/"$main"/status
grep -q 'Seccomp:.2' /proc/"$main"/status
echo "ok: runs as a user of its own, without capabilities, filtered"
until_true adapterd health

until_true test -d /var/lib/adapterd/in
for i in 1 2 3; do echo "{\"id\":$i}" >/var/lib/adapterd/in/$i.json; done
until_true empty /var/lib/adapterd/in
echo "ok: delivered what was put into its state directory"

systemctl reload adapterd
until_true logged 'document reloaded; nothing has changed'
until_true is SubState running
[ "$(property MainPID)" = "$main" ]
echo "ok: reloaded"

# A program that hangs shows no signs of life.
kill -STOP "$main"
until_true is NRestarts 1
until_true is ActiveState active
[ "$(property MainPID)" != "$main" ]
logged 'Watchdog timeout'
echo "ok: the watchdog started it anew"

dpkg -i adapterd.deb
until_true is ActiveState active
logged 'adapter stopped'
grep -q embedded-kinesis /etc/adapterd/adapterd.env
echo "ok: an upgrade drained it, started it again, and left its settings"

# A secret that root alone may read, as systemd's credential.
sed -i 's|<secret-key>try<|<secret-key>${secret}<|' /etc/adapterd/adapter.xml
(umask 077 && echo secret=try >/etc/adapterd/secrets.properties)
cat >/etc/systemd/system/adapterd.service.d/secrets.conf <<'UNIT'
[Service]
LoadCredential=secrets.properties:/etc/adapterd/secrets.properties
ExecStart=
ExecStart=/usr/bin/adapterd run /etc/adapterd/adapter.xml --variables %d/secrets.properties $ADAPTERD_OPTIONS
UNIT
systemctl daemon-reload
systemctl restart adapterd
until_true adapterd health
echo '{"id":4}' >/var/lib/adapterd/in/4.json
until_true empty /var/lib/adapterd/in
echo "ok: started with a secret out of a credential"

systemctl stop adapterd
is ActiveState inactive
is Result success
echo "ok: stopped"
systemctl start adapterd
echo kept >/var/lib/adapterd/kept
dpkg --remove adapterd
[ "$(systemctl is-active adapterd || true)" = inactive ]
[ ! -e /usr/bin/adapterd ]
[ -e /etc/adapterd/adapterd.env ]
dpkg --purge adapterd
[ ! -e /etc/adapterd/adapterd.env ]
[ -e /var/lib/private/adapterd/kept ]
echo "ok: removed and purged; what the service had left is still there"
