#!/bin/sh
# Starts the broker in the image built by rootfs.sh: as the user rabbitmq, with the plugins that a topology may need.
set -eu

plugins_file="${RABBITMQ_ENABLED_PLUGINS_FILE:-/etc/rabbitmq/enabled_plugins}"

case "${1:-}" in
rabbitmq-server)
	# Whoever mounts or uploads a plugins file (a cluster operator does) decides; otherwise everything that a topology can ask for is on.
	if [ ! -e "$plugins_file" ] && [ -w "$(dirname "$plugins_file")" ]; then
		cp /usr/local/share/warren/enabled_plugins "$plugins_file"
	fi
	if [ -n "${RABBITMQ_ERLANG_COOKIE:-}" ] && [ ! -e "$HOME/.erlang.cookie" ]; then
		(umask 077 && printf '%s' "$RABBITMQ_ERLANG_COOKIE" >"$HOME/.erlang.cookie")
	fi
	# The variable is deprecated in the broker, which would warn about it at every command.
	unset RABBITMQ_ERLANG_COOKIE
	if [ "$(id -u)" = 0 ]; then
		find /var/lib/rabbitmq /var/log/rabbitmq /etc/rabbitmq \! -user rabbitmq -exec chown rabbitmq:rabbitmq '{}' + 2>/dev/null || true
		exec setpriv --reuid=rabbitmq --regid=rabbitmq --clear-groups -- "$@"
	fi
	;;
esac

exec "$@"
