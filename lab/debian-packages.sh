# Sourced: downloads Debian packages, with what they depend on, into WORK/cache/archives.
# usage: debian_packages SUITE MIRROR WORK PACKAGE...      (needs apt-get, not root; WORK is an absolute path)
debian_packages() {
	local suite=$1 mirror=$2 work=$3
	shift 3
	mkdir -p "$work"/{lists/partial,cache/archives/partial}
	# apt with folders of its own: neither the sources nor the packages of this machine are touched.
	: >"$work/status"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$work/sources.list"
	local own=(-q -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State="$work" -o Dir::State::lists="$work/lists"
		-o Dir::State::status="$work/status" -o Dir::Cache="$work/cache" -o APT::Sandbox::User= -o Acquire::Languages=none
		-o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false -o APT::Update::Post-Invoke::= -o APT::Update::Post-Invoke-Success::=)
	apt-get "${own[@]}" update >&2
	apt-get "${own[@]}" install -y --no-install-recommends --download-only "$@" >&2
}
