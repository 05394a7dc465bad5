# SPDX-License-Identifier: MIT
#
# For bash scripts that must run on a bare Debian 12: `. tests/lib/packages.sh`.

packages_sudo=
packages_policy=

packages_is_installed() {
	[ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null)" = "ii " ]
}

# Call it before leaving in the middle of an installation.
packages_cleanup() {
	[ -z "$packages_policy" ] || $packages_sudo rm -f "$packages_policy"
	packages_policy=
}

# Installs those of the packages that are missing and says so. Servers are wanted as programs only: their services do not
# start, neither now nor with the machine. Returns 1 after a message when it cannot be done.
packages_install() {
	local missing=() service package env="env DEBIAN_FRONTEND=noninteractive"
	for package; do
		# Any of Debian's nginx packages will do.
		[ "$package" = nginx-light ] && [ -x /usr/sbin/nginx ] && continue
		packages_is_installed "$package" || missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	if [ "$(id -u)" -ne 0 ]; then
		packages_sudo=sudo
		if ! command -v sudo >/dev/null; then
			echo "these Debian packages are missing, and there is no sudo: ${missing[*]}" >&2
			return 1
		fi
	fi
	echo "== installing with $packages_sudo apt-get: ${missing[*]}"
	if [ ! -e /usr/sbin/policy-rc.d ]; then
		packages_policy=/usr/sbin/policy-rc.d
		printf '#!/bin/sh\nexit 101\n' | $packages_sudo tee "$packages_policy" >/dev/null
		$packages_sudo chmod 755 "$packages_policy"
	fi
	if ! $packages_sudo $env apt-get -q update ||
		! $packages_sudo $env apt-get -qy install --no-install-recommends "${missing[@]}"; then
		packages_cleanup
		echo "apt-get failed" >&2
		return 1
	fi
	for service in nginx lighttpd apache2 haproxy caddy h2o prometheus; do
		[[ " ${missing[*]} " = *" $service"* ]] && command -v systemctl >/dev/null &&
			$packages_sudo systemctl --quiet disable "$service" 2>/dev/null
	done
	packages_cleanup
}
