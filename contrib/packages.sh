# Debian packages for the scripts of this folder, which source this file: installs what is missing and
# nothing else, and starts no service that a package brings along.

PACKAGES_BUILD="autoconf automake pkg-config gcc make libc6-dev libuv1-dev libldns-dev libmaxminddb-dev
	libyaml-dev libjansson-dev libsqlite3-dev liburcu-dev libxxhash-dev libvectorscan-dev libmnl-dev
	libidn2-dev libpsl-dev libpcap-dev libseccomp-dev libmicrohttpd-dev libcurl4-gnutls-dev libgnutls28-dev libnghttp2-dev libngtcp2-dev libngtcp2-crypto-gnutls-dev libsodium-dev libunbound-dev libevent-dev dns-root-data"
# npm brings the location databases (contrib/fetch-geoip); it is large, and asked for only when they are not there
PACKAGES_GEOIP="ca-certificates"
# an npm of another origin is as good, and Debian's may be in conflict with it
command -v npm >/dev/null || PACKAGES_GEOIP="$PACKAGES_GEOIP npm"
# NSD plays the internet of the lab; dig 9.18 shows the extended errors (RFC 8914) in words
PACKAGES_LAB="nsd bind9-dnsutils"
PACKAGES_CHECK="ccache g++ libcmocka-dev nsd bind9 openssl dnsperf faketime python3 python3-dnspython python3-pytest python3-pytest-xdist python3-prometheus-client python3-jsonschema tzdata valgrind
	clang-format curl iproute2 dnsmasq-base ieee-data mandoc procps git xz-utils publicsuffix sqlite3 jq graphviz"
# a browser for the dashboard
PACKAGES_CHECK="$PACKAGES_CHECK chromium"
command -v npm >/dev/null || PACKAGES_CHECK="$PACKAGES_CHECK npm"
# libFuzzer; large, and asked for only with CHECK_FUZZ=1
PACKAGES_FUZZ="clang libclang-rt-14-dev"
# a client of encrypted DNS
PACKAGES_CHECK="$PACKAGES_CHECK knot-dnsutils"
# a small internet that is signed, and who else can tell what of it is
PACKAGES_CHECK="$PACKAGES_CHECK ldnsutils unbound-host"
# others that speak DNS within TLS; systemd-resolved comes by fetch_resolved
PACKAGES_CHECK="$PACKAGES_CHECK unbound dnsdist libsystemd-shared"
# collectors of dnstap and syslog
PACKAGES_CHECK="$PACKAGES_CHECK fstrm-bin bind9-dnsutils dnstap-ldns protobuf-compiler rsyslog"

POLICY=/usr/sbin/policy-rc.d

packages_missing() {
	local package
	for package in "$@"; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
	done
}

policy_restore() {
	if [ -n "${POLICY_KEPT:-}" ]; then
		as_root mv -f "$POLICY_KEPT" "$POLICY"
	else
		as_root rm -f "$POLICY"
	fi
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		env DEBIAN_FRONTEND=noninteractive "$@"
	else
		sudo env DEBIAN_FRONTEND=noninteractive "$@"
	fi
}

# In a subshell, so that its trap is its own: whatever happens, policy-rc.d is afterwards as it was.
packages_install() (
	set -e
	POLICY_KEPT=
	if [ -e "$POLICY" ]; then
		POLICY_KEPT=$POLICY.kept-by-portafilter
		as_root mv "$POLICY" "$POLICY_KEPT"
	fi
	trap policy_restore EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	# dpkg asks this program whether a service may be started; 101 says no
	printf '#!/bin/sh\nexit 101\n' | as_root tee "$POLICY" >/dev/null
	as_root chmod 755 "$POLICY"
	as_root apt-get update -q
	as_root apt-get install -y -q --no-install-recommends "$@"
)

# need_packages PACKAGE…   makes sure that they are there, or ends the script and says what to do
need_packages() {
	local missing package
	command -v dpkg-query >/dev/null || {
		echo "This script knows the packages of Debian only; install what configure asks for and build by hand." >&2
		exit 1
	}
	missing=$(packages_missing "$@")
	[ -n "$missing" ] || return 0
	missing=$(echo $missing)
	if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
		echo "These packages are missing: $missing" >&2
		echo "Neither am I root nor is there sudo; as root: apt-get install --no-install-recommends $missing" >&2
		exit 1
	fi
	echo "==> Installing $missing"
	packages_install $missing >"${PACKAGES_LOG:-/dev/null}" 2>&1 || {
		[ -z "${PACKAGES_LOG:-}" ] || tail -n 20 "$PACKAGES_LOG" >&2
		echo "apt-get could not install: $missing" >&2
		exit 1
	}
	# A package that was not here a moment ago shall not start a server at the next boot either.
	case " $missing " in
	*" nsd "*) if command -v systemctl >/dev/null; then as_root systemctl --quiet disable nsd >/dev/null 2>&1 || :; fi ;;
	esac
	case " $missing " in
	*" rsyslog "*) if command -v systemctl >/dev/null; then as_root systemctl --quiet disable rsyslog >/dev/null 2>&1 || :; fi ;;
	esac
	for package in unbound dnsdist; do
		case " $missing " in
		*" $package "*) if command -v systemctl >/dev/null; then as_root systemctl --quiet disable "$package" >/dev/null 2>&1 || :; fi ;;
		esac
	done
	case " $missing " in
	*" bind9 "*) if command -v systemctl >/dev/null; then as_root systemctl --quiet disable named >/dev/null 2>&1 || :; fi ;;
	esac
}

# fetch_resolved FOLDER   systemd-resolved as a file in FOLDER. Installed, its package would take /etc/resolv.conf over. Without it its
# test is skipped.
fetch_resolved() (
	[ ! -x "$1/lib/systemd/systemd-resolved" ] && [ ! -x /lib/systemd/systemd-resolved ] || return 0
	mkdir -p "$1" && cd "$1" && apt-get download -q systemd-resolved && dpkg -x systemd-resolved_*.deb . && rm systemd-resolved_*.deb
) >>"${PACKAGES_LOG:-/dev/null}" 2>&1
