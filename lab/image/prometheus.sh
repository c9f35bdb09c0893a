#!/bin/bash
# Makes the root file system of the monitoring's image: Debian's Prometheus and Alertmanager, where the official images have them.
# usage: prometheus.sh SUITE MIRROR WORK_DIR OUT_TAR      (needs root, apt-get and dpkg-deb; prints Prometheus' version last)
set -euo pipefail

suite=$1 mirror=$2 out=$4
mkdir -p "$3"/{lists/partial,cache/archives/partial,rootfs}
work=$(cd "$3" && pwd)
root=$work/rootfs

# apt with folders of its own: neither the sources nor the packages of this machine are touched.
: >"$work/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$work/sources.list"
own=(-q -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State="$work" -o Dir::State::lists="$work/lists"
	-o Dir::State::status="$work/status" -o Dir::Cache="$work/cache" -o APT::Sandbox::User= -o Acquire::Languages=none
	-o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false -o APT::Update::Post-Invoke::= -o APT::Update::Post-Invoke-Success::=)
apt-get "${own[@]}" update >&2
apt-get "${own[@]}" install -y --no-install-recommends --download-only prometheus prometheus-alertmanager ca-certificates base-files >&2

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
