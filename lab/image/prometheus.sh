#!/bin/bash
# Makes the root file system of the monitoring's image: Debian's Prometheus and Alertmanager, where the official images have them.
# usage: prometheus.sh SUITE MIRROR WORK_DIR OUT_TAR      (needs root, apt-get and dpkg-deb; prints Prometheus' version last)
set -euo pipefail

suite=$1 mirror=$2 out=$4
mkdir -p "$3"/rootfs
work=$(cd "$3" && pwd)
root=$work/rootfs

. "$(dirname "$0")/../debian-packages.sh"
debian_packages "$suite" "$mirror" "$work" prometheus prometheus-alertmanager ca-certificates base-files

for deb in "$work"/cache/archives/*.deb; do dpkg-deb -x "$deb" "$root"; done
for name in bin lib lib64 sbin; do [ -e "$root/$name" ] || ln -s "usr/$name" "$root/$name"; done
ln -sf prometheus-alertmanager "$root/usr/bin/alertmanager"
for program in prometheus promtool alertmanager amtool; do chroot "$root" "/bin/$program" --version >&2; done

mkdir -p "$root"/{alertmanager,etc/alertmanager,etc/prometheus,etc/ssl/certs,prometheus,tmp}
chown 65534:65534 "$root"/{alertmanager,prometheus}
chmod 1777 "$root/tmp"
find "$root/usr/share/ca-certificates" -name '*.crt' | sort | xargs cat >"$root/etc/ssl/certs/ca-certificates.crt"
printf '%s\n' 'root:x:0:0:root:/root:/sbin/nologin' 'nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin' >"$root/etc/passwd"
printf '%s\n' 'root:x:0:' 'nogroup:x:65534:' >"$root/etc/group"
rm -rf "$root"/usr/share/{doc,man,locale,info,perl,perl5} "$root"/usr/lib/*/perl* "$root"/{dev,proc,sys}/*

tar -C "$root" --numeric-owner --sort=name -cf "$out" .
dpkg-deb -f "$work"/cache/archives/prometheus_*.deb Version
