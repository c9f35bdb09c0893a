#!/bin/bash
# Makes the base of the worker's image: Debian's Node with exactly the libraries that it loads, arranged like the distroless image. No shell, no package manager.
# usage: base.sh SUITE MIRROR WORK_DIR OUT_TAR      (needs apt-get and dpkg-deb, not root; prints Node's version last)
set -euo pipefail

suite=$1 mirror=$2 out=$4
mkdir -p "$3"/{all,root}
work=$(cd "$3" && pwd)
all=$work/all root=$work/root

. "$(dirname "$0")/../debian-packages.sh"
debian_packages "$suite" "$mirror" "$work" nodejs ca-certificates base-files

# `files` says which package each file is of.
declare -A deb_of
for deb in "$work"/cache/archives/*.deb; do
	package=$(dpkg-deb -f "$deb" Package)
	deb_of[$package]=$deb
	dpkg-deb -x "$deb" "$all"
	dpkg-deb --fsys-tarfile "$deb" | tar -t | sed -e 's|^\./|/|' -e "s|\$|\t$package|" >>"$work/files"
done
for name in lib lib64; do [ -e "$all/$name" ] || ln -s "usr/$name" "$all/$name"; done

# Copies a file as what its name leads to, and remembers its package.
take() {
	local name=${1#"$all"} real
	real=$(realpath "$all$name")
	install -D -m "$(stat -c %a "$real")" "$real" "$root$name"
	awk -F '\t' -v file="${real#"$all"}" '$1 == file { print $2; found = 1; exit } END { exit !found }' "$work/files" >>"$work/used" ||
		{ echo "no package owns ${real#"$all"}" >&2; exit 1; }
}

libraries=$(dirname "$(realpath "$(find "$all/usr/lib" -name 'libnode.so.*' | head -n 1)")")
loader=$(find "$libraries" -maxdepth 1 -name 'ld-linux*.so.*' | head -n 1)
interpreter=$(find "$all/usr/lib64" "$all/usr/lib" -maxdepth 1 -name 'ld-linux*.so.*' 2>/dev/null | head -n 1)
take "$interpreter"
take "$all/usr/bin/node"
# The loader itself says what it would load, all the way down.
"$loader" --library-path "$libraries" --list "$all/usr/bin/node" >"$work/loads"
if grep 'not found' "$work/loads" >&2; then exit 1; fi
for file in $(awk -v all="$all/" 'index($3, all) == 1 { print $3 }' "$work/loads" | grep -v '/ld-linux'); do take "$file"; done
# Debian's Node reads some of its own modules (fetch among them) from files.
for file in $(grep -azohE '^/usr/share/nodejs/[A-Za-z0-9_./-]+\.js$' "$libraries"/libnode.so.* | tr '\0' '\n' | sort -u); do take "$all$file"; done
for file in /etc/debian_version /usr/lib/os-release; do take "$all$file"; done

mkdir -p "$root"/{dev,etc/ssl/certs,home/nonroot,nodejs/bin,proc,run,sys,tmp,usr/lib/ssl,var/lib/dpkg/status.d}
chmod 1777 "$root/tmp"
[ -d "$root/usr/lib64" ] && ln -s usr/lib64 "$root/lib64"
ln -s usr/lib "$root/lib"
ln -s ../usr/lib/os-release "$root/etc/os-release"
ln -s ../../usr/bin/node "$root/nodejs/bin/node"
find "$all/usr/share/ca-certificates" -name '*.crt' | sort | xargs cat >"$root/etc/ssl/certs/ca-certificates.crt"
echo ca-certificates >>"$work/used"
ln -s /etc/ssl/certs "$root/usr/lib/ssl/certs"
ln -s /etc/ssl/certs/ca-certificates.crt "$root/usr/lib/ssl/cert.pem"
printf '%s\n' 'root:x:0:0:root:/root:/sbin/nologin' 'nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin' \
	'nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin' >"$root/etc/passwd"
printf '%s\n' 'root:x:0:' 'nogroup:x:65534:' 'nonroot:x:65532:' >"$root/etc/group"
printf '%s\n' 'passwd: files' 'group: files' 'hosts: files dns' >"$root/etc/nsswitch.conf"

# Where scanners look for the packages of an image without a package manager, and what their licences ask for.
for package in $(sort -u "$work/used"); do
	dpkg-deb -f "${deb_of[$package]}" >"$root/var/lib/dpkg/status.d/$package"
	install -D -m 644 "$(realpath "$all/usr/share/doc/$package/copyright")" "$root/usr/share/doc/$package/copyright"
done

chmod -R go-w,a+rX "$root"/{etc,usr,var,nodejs,home}
tar -C "$root" --numeric-owner --owner=0 --group=0 --sort=name -cf "$out" .
dpkg-deb -f "${deb_of[nodejs]}" Version
