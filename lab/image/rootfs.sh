#!/bin/bash
# Makes the root file system of the broker image: Debian's RabbitMQ, arranged like the official image.
# usage: rootfs.sh SUITE MIRROR WORK_DIR OUT_TAR      (needs root and debootstrap; prints the broker's version last)
set -euo pipefail

suite=$1 mirror=$2 work=$3 out=$4
here=$(cd "$(dirname "$0")" && pwd)
root=$work/rootfs

# The script is named because an older debootstrap does not know the suite's name yet; every current suite uses sid's.
debootstrap --variant=minbase --include=rabbitmq-server,ca-certificates,procps "$suite" "$root" "$mirror" /usr/share/debootstrap/scripts/sid >&2

# The official image's ids: a cluster operator sets file owners and the pod's user by number.
taken=$(chroot "$root" getent group 999 | cut -d: -f1)
if [ -n "$taken" ]; then chroot "$root" groupmod -g 989 "$taken"; fi
old_gid=$(chroot "$root" getent group rabbitmq | cut -d: -f3)
old_uid=$(chroot "$root" id -u rabbitmq)
chroot "$root" groupmod -g 999 rabbitmq
chroot "$root" usermod -u 999 -g 999 -d /var/lib/rabbitmq rabbitmq
echo "broker user: $old_uid:$old_gid became 999:999" >&2

rm -rf "$root"/var/lib/rabbitmq "$root"/var/log/rabbitmq
mkdir -p "$root"/var/lib/rabbitmq "$root"/var/log/rabbitmq "$root"/etc/rabbitmq/conf.d "$root"/usr/local/share/warren
rm -f "$root"/etc/rabbitmq/enabled_plugins "$root"/etc/rabbitmq/rabbitmq.config
cp "$here/enabled_plugins" "$root/usr/local/share/warren/enabled_plugins"
install -m 755 "$here/entrypoint.sh" "$root/usr/local/bin/docker-entrypoint.sh"
printf '%s\n' '## The image listens on every interface of its container, so its users are not tied to loopback.' 'loopback_users = none' 'log.console = true' \
	>"$root/etc/rabbitmq/conf.d/10-defaults.conf"
chroot "$root" chown -R 999:999 /var/lib/rabbitmq /var/log/rabbitmq /etc/rabbitmq
chmod 777 "$root"/var/lib/rabbitmq "$root"/var/log/rabbitmq "$root"/etc/rabbitmq "$root"/etc/rabbitmq/conf.d

# Every plugin named in enabled_plugins must be there, or the broker would refuse to start.
for plugin in $(tr -d '[].' <"$here/enabled_plugins" | tr ',' ' '); do
	compgen -G "$root/usr/lib/rabbitmq/lib/rabbitmq_server-*/plugins/$plugin-*" >/dev/null || { echo "plugin $plugin is not in the package" >&2; exit 1; }
done

rm -rf --one-file-system "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/usr/share/doc/* "$root"/usr/share/man/* "$root"/usr/share/locale/* "$root"/var/log/*.log "$root"/dev/* "$root"/proc/* "$root"/sys/*
tar -C "$root" --one-file-system -cf "$out" .
chroot "$root" dpkg-query -W -f '${Version}\n' rabbitmq-server
