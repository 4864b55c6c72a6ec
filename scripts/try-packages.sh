#!/usr/bin/env bash
# Installs the packages of dist/ on machines made for it, and looks whether the service does what docs/packaging.md says: Debian with systemd
# as its first process, an empty root for the rpm, and one with nothing but a shell that needs no libc of Debian's for the apk. It takes
# root, and from Debian: debootstrap systemd-container rpm busybox-static. What is missing is said, and skipped.
#   scripts/try-packages.sh [debian] [rpm] [apk]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
self=$PWD/scripts/try-packages.sh

dist=$PWD/dist
here=$PWD/packaging/try
architecture=$(dpkg --print-architecture 2>/dev/null || echo amd64)
machine=$(uname -m)
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT

[ "$(id -u)" = 0 ] || { echo "this needs root"; exit 1; }
needs() {
  local missing=()
  for tool in "$@"; do command -v "$tool" >/dev/null || missing+=("$tool"); done
  if [ ${#missing[@]} -gt 0 ]; then echo "skipped $kind, nothing was tried: there is no ${missing[*]}"; return 1; fi
}
one() { # the one file of a pattern
  local found=("$@")
  if [ ${#found[@]} -ne 1 ] || [ ! -e "${found[0]}" ]; then
    echo "want one package, found: ${found[*]}; make release PLATFORMS=linux/$architecture" >&2
    return 1
  fi
  echo "${found[0]}"
}

try_debian() {
  needs debootstrap systemd-nspawn || return 0
  local root=$work/debian package
  package=$(one "$dist"/adapterd_*_"$architecture".deb)
  debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus bookworm "$root" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} >"$work/debootstrap.log" 2>&1 || { tail "$work/debootstrap.log"; return 1; }
  install -D -m 0755 "$here/debian.sh" "$root/try/run"
  cp "$package" "$root/try/adapterd.deb"
  cp "$here/adapter.xml" "$root/try/"
  cat >"$root/etc/systemd/system/try.service" <<'UNIT'
[Unit]
After=multi-user.target
SuccessAction=poweroff-force
FailureAction=poweroff-force
[Service]
Type=oneshot
ExecStart=/bin/sh -c '/try/run >/try/log 2>&1 && touch /try/passed'
TimeoutStartSec=5min
UNIT
  mkdir -p "$root/etc/systemd/system/default.target.wants"
  ln -s /etc/systemd/system/try.service "$root/etc/systemd/system/default.target.wants/try.service"
  timeout 400 systemd-nspawn --quiet --register=no --keep-unit --private-network --directory="$root" --boot >"$work/boot.log" 2>&1 </dev/null || true
  if [ -e "$root/try/log" ]; then cat "$root/try/log"; else tail -20 "$work/boot.log"; fi
  [ -e "$root/try/passed" ]
}

try_rpm() {
  needs rpm busybox || return 0
  local root=$work/rpm package
  package=$(one "$dist"/adapterd-*."$machine".rpm)
  mkdir -p "$root"
  rpm -qp --info "$package"
  rpm -qp --scripts "$package" >"$work/scripts"
  grep -q 'postinstall scriptlet' "$work/scripts"
  rpm --checksig --nosignature "$package"
  # Its scripts need a shell.
  mkdir -p "$root/bin"
  cp "$(command -v busybox)" "$root/bin/busybox"
  ln -s busybox "$root/bin/sh"
  rpm --root "$root" --dbpath /var/lib/rpm --initdb
  rpm --root "$root" --dbpath /var/lib/rpm --install --nodeps "$package"
  rpm --root "$root" --dbpath /var/lib/rpm --verify --nodeps adapterd
  chroot "$root" /usr/bin/adapterd version
  [ "$(stat -c %a "$root/etc/adapterd/adapterd.env")" = 600 ]
  rpm --root "$root" --dbpath /var/lib/rpm --erase --nodeps adapterd
  [ ! -e "$root/usr/bin/adapterd" ]
  echo "rpm: installed, verified, ran and removed"
}

try_apk() {
  needs busybox || return 0
  local root=$work/apk package
  package=$(one "$dist"/adapterd_*_"$machine".apk)
  mkdir -p "$root"/{bin,sbin,dev,etc,var,tmp,usr/bin,usr/sbin}
  mknod -m 0666 "$root/dev/null" c 1 3
  cp "$(command -v busybox)" "$root/bin/busybox"
  chroot "$root" /bin/busybox --install -s
  # An apk is gzip streams one after the other, each a tar: signature, control, data.
  tar --extract --gzip --ignore-zeros --file "$package" --directory "$root" --warning=no-unknown-keyword
  grep -E '^(pkgname|pkgver|arch|depend)' "$root/.PKGINFO"
  local sum
  sum=$(sed -n 's/^datahash = //p' "$root/.PKGINFO")
  [ ${#sum} = 64 ]
  echo root:x:0:0::/:/bin/sh >"$root/etc/passwd"
  echo root:x:0: >"$root/etc/group"
  if ! busybox --list | grep -q '^adduser$'; then # Debian's has none, Alpine's has
    echo "not tried: addgroup and adduser of pre-install; the user is made beforehand"
    echo adapterd:x:100:101::/var/lib/adapterd:/sbin/nologin >>"$root/etc/passwd"
    echo adapterd:x:101: >>"$root/etc/group"
  fi
  for script in pre-install post-install post-upgrade; do chroot "$root" /bin/sh "/.$script"; done
  [ "$(stat -c %a "$root/etc/adapterd")" = 750 ]
  [ "$(stat -c %a "$root/etc/conf.d/adapterd")" = 600 ]
  chroot "$root" /bin/sh -c 'id adapterd && adapterd version && cat > /tmp/a.xml && adapterd check /tmp/a.xml' <"$here/adapter.xml"
  rm "$root/bin/busybox"
  [ -n "$(chroot "$root" /usr/bin/adapterd version)" ] # with nothing else that runs in the root
  echo "apk: unpacked, its scripts ran, and the program runs without any library"
}

[ $# -gt 0 ] || set -- debian rpm apk
if [ $# -gt 1 ]; then # each by itself: in a condition, bash goes on after what fails
  failed=()
  for kind in "$@"; do "$self" "$kind" || failed+=("$kind"); done
  [ ${#failed[@]} -eq 0 ] || { echo "failed: ${failed[*]}"; exit 1; }
  exit 0
fi
kind=$1
echo "== $kind"
case $kind in
  debian | rpm | apk) "try_$kind" ;;
  *) echo "want debian, rpm or apk, got $kind"; exit 2 ;;
esac
