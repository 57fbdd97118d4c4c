# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Machines for `covey deploy`: each host and the key manager of the lab is a booted system with sshd, a root of its
# own and none of covey; `ctl` beside them is where an operator sits. Sourced after _init.sh.

# shellcheck source=tests/e2e/_fleet_cgroups.sh
. "$E2E_HERE/_fleet_cgroups.sh"
FLEET_DIR=$LAB_DIR/fleet

# --- packages -------------------------------------------------------------------------------------

# fleet_packages FOLDER VERSION: the three packages, with the programs of this build, the files that deploy/debian
# names, and the scripts that debhelper makes by its rules. Those of deploy/package take longer; the test `package`
# has them.
fleet_packages() {
	local tree=$FLEET_DIR/tree source=$FLEET_DIR/source package

	mkdir -p "$1"
	[[ -e $tree ]] || DESTDIR=$tree meson install -C "$LAB_BUILD" --no-rebuild --quiet
	rm -rf "$source"
	mkdir "$source"
	cp -r "$LAB_SOURCE/deploy/debian" "$source/debian"
	printf 'covey (%s) unstable; urgency=medium\n\n  * For a test.\n\n -- %s  %s\n' "$2" \
		"The covey authors <covey@example.net>" "$(LC_ALL=C date -R)" >"$source/debian/changelog"
	for package in covey covey-gkm covey-host; do fleet_stage "$tree" "$source" "$package"; done
	fleet_scripts "$source"
	for package in covey covey-gkm covey-host; do fleet_package "$source" "$1" "$package" "$2"; done
}

# Where this build installs: packages have all in /usr.
fleet_prefix() {
	jq -r '.[] | select(.name == "prefix").value' "$LAB_BUILD/meson-info/intro-buildoptions.json"
}

# All that is in one package, but for what dpkg wants to know of it.
fleet_stage() { # TREE SOURCE PACKAGE
	local root=$2/debian/$3 path where prefix file to

	mkdir -p "$root/DEBIAN"
	prefix=$1$(fleet_prefix)
	while read -r path where; do
		# It may be a pattern.
		for file in "$prefix"/${path#usr/}; do
			to=$root/${where:-usr/$(realpath --relative-to "$prefix" "${file%/*}")}
			mkdir -p "$to"
			cp -r "$file" "$to/"
		done
	done <"$2/debian/$3.install"
	[[ ! -e $2/debian/$3.dirs ]] || (cd "$root" && xargs mkdir -p) <"$2/debian/$3.dirs"
	find "$root" -name "*.service" -exec sed -i "s|$(fleet_prefix)/sbin|/usr/sbin|" {} +
}

# Those that start, restart and stop units are put into ours.
fleet_scripts() { # SOURCE
	(
		cd "$1"
		make -s -f debian/rules override_dh_installsystemd
		dh_installtmpfiles -pcovey
		dh_installdeb -pcovey -pcovey-gkm -pcovey-host
	) >>"$LAB_DIR/log/packages" 2>&1 || fail "debhelper: $(<"$LAB_DIR/log/packages")"
}

fleet_package() { # SOURCE FOLDER PACKAGE VERSION
	local root=$1/debian/$3

	cat >"$root/DEBIAN/control" <<-END
		Package: $3
		Version: $4
		Architecture: amd64
		Maintainer: The covey authors <covey@example.net>
		Description: for a test
		$([[ $3 == covey ]] || echo "Depends: covey (= $4)")
	END
	sed -i '/^$/d' "$root/DEBIAN/control"
	dpkg-deb --root-owner-group -Znone --build "$root" "$2/$3_$4_amd64.deb" >/dev/null
}

# --- machines -------------------------------------------------------------------------------------

# What a test wires beside the lab, before the machines boot.
fleet_wires() { :; }

# fleet_up: the wires, the operator's machine, and all others booted.
fleet_up() {
	local n

	fleet_remove_old_cgroups
	mkdir "$FLEET_DIR"
	: >"$FLEET_DIR/ansible.cfg"
	ssh-keygen -q -t ed25519 -N '' -f "$FLEET_DIR/host"
	ssh-keygen -q -t ed25519 -N '' -f "$FLEET_DIR/user"
	lab_wires
	lab_add_namespace ctl
	lab_plug ctl eth0
	lab_finish_checksums ctl eth0
	lab_address ctl eth0 "$(lab_vtep 20)"
	fleet_wires
	fleet_boot gkm1 gkm
	[[ ! $E2E_LONG ]] || fleet_add_gkm2
	for n in $(lab_hosts); do fleet_boot "hv$n" "hv$n"; done
	fleet_wait gkm1
	for n in $(lab_hosts); do fleet_wait "hv$n"; done
}

fleet_add_gkm2() {
	lab_add_namespace gkm2
	lab_plug gkm2 eth0
	lab_finish_checksums gkm2 eth0
	lab_address gkm2 eth0 "$(lab_vtep 11)"
	fleet_boot gkm2 gkm2
	fleet_wait gkm2
}

# Not by `ip netns exec`, which hides control groups. However this shell ends, the machine ends with it.
fleet_boot() { # NAME NAMESPACE
	setpriv --pdeathsig KILL unshare --mount --pid --mount-proc --fork --kill-child=KILL "$E2E_HERE/fleet_node.sh" "$FLEET_DIR" "$1" \
		"$(lab_ns "$2")" >>"$LAB_DIR/log/node-$1" 2>&1 </dev/null &
	echo $! >"$LAB_DIR/pid/node-$1"
	disown $!
}

fleet_address() { # NAME
	case $1 in
	gkm1) lab_vtep 10 ;;
	gkm2) lab_vtep 11 ;;
	hv*) lab_vtep "${1#hv}" ;;
	esac
}

fleet_wait() { # NAME
	echo "$(fleet_address "$1") $(<"$FLEET_DIR/host.pub")" >>"$FLEET_DIR/known"
	lab_wait 60 "$1 to boot" on "$1" true
}

# on NAME COMMAND: as root, on that machine.
on() {
	in_ns ctl ssh -q -i "$FLEET_DIR/user" -o "UserKnownHostsFile=$FLEET_DIR/known" -o BatchMode=yes \
		-o ConnectTimeout=5 "root@$(fleet_address "$1")" "${@:2}" </dev/null
}

# inside NAME COMMAND: the same without ssh.
inside() {
	local pid

	for pid in $(ip netns pids "$(lab_ns "$1")"); do
		[[ $(<"/proc/$pid/comm") != systemd ]] || break
	done
	nsenter --target "$pid" --all "${@:2}"
}

# They do not end by signals: each has an init.
lab_on_exit() {
	local file

	for file in "$LAB_DIR"/pid/node-*; do
		[[ ! -e $file ]] || kill -KILL "$(<"$file")" 2>/dev/null || true
	done
	for file in "$LAB_DIR"/pid/node-*; do
		[[ ! -e $file ]] || lab_poll 60 lab_is_gone "${file##*/}" || true
	done
	for file in $(lab_namespaces "$LAB_ID"); do
		lab_poll 60 fleet_remove_cgroups "$file" || true
	done
}

# --- the operator ---------------------------------------------------------------------------------

# What the inventory has, for tests that change it.
FLEET_HOSTS=$(lab_hosts)
FLEET_GKM=gkm1

# fleet_inventory: the lab's, of FLEET_HOSTS and FLEET_GKM and with FLEET_NAMES (of sed), with what Ansible needs, put in one step.
fleet_inventory() {
	local n

	for n in $(lab_hosts); do
		declare -g "LAB_HOST_VARS_$n=          ansible_host: \"$(lab_vtep "$n")\""
	done
	# shellcheck disable=SC2317 # lab_write_inventory calls them
	(
		lab_hosts() { tr ' ' '\n' <<<"$FLEET_HOSTS"; }
		lab_gkm_address() { fleet_address "$FLEET_GKM"; }
		lab_write_inventory "$FLEET_DIR/inventory.new"
	)
	cat >>"$FLEET_DIR/inventory.new" <<-YAML
		    key_managers:
		      hosts:
		        $FLEET_GKM:
		          ansible_host: "$(fleet_address "$FLEET_GKM")"
	YAML
	sed -i "s/vnis: \[.*\]/vnis: [${FLEET_VNIS:-100}]/" "$FLEET_DIR/inventory.new"
	sed -i "${FLEET_NAMES:-}" "$FLEET_DIR/inventory.new"
	mv "$FLEET_DIR/inventory.new" "$FLEET_DIR/inventory.yaml"
}

# fleet_pki ARGUMENT...: covey pki on ctl.
fleet_pki() {
	"$(lab_program covey)" --inventory "$FLEET_DIR/inventory.yaml" --pki "$FLEET_DIR/pki" pki "$@" >>"$LAB_DIR/log/pki"
}

# operator COMMAND...: on ctl. Connections that ssh keeps open end with it.
operator() {
	in_ns ctl env HOME="$FLEET_DIR" ANSIBLE_CONFIG="$FLEET_DIR/ansible.cfg" ANSIBLE_HOME="$FLEET_DIR/ansible" \
		ANSIBLE_REMOTE_USER=root ANSIBLE_PRIVATE_KEY_FILE="$FLEET_DIR/user" \
		ANSIBLE_PYTHON_INTERPRETER=/usr/bin/python3 ANSIBLE_SSH_CONTROL_PATH_DIR="$FLEET_DIR/cp" \
		ANSIBLE_SSH_ARGS="-o UserKnownHostsFile=$FLEET_DIR/known -o ControlMaster=auto -o ControlPersist=60s" \
		unshare --mount --pid --mount-proc --fork --kill-child=KILL "$@"
}

# deploy VERB [OPTION...]: covey deploy or plan, with the packages of the folder. What it prints goes to log/VERB, too.
deploy() {
	deploy_by_repository "$1" --packages "$FLEET_DIR/packages" "${@:2}"
}

# The same with what the machines' own repositories have.
deploy_by_repository() {
	operator "$(lab_program covey)" --inventory "$FLEET_DIR/inventory.yaml" --pki "$FLEET_DIR/pki" "$1" \
		--playbook "$LAB_SOURCE/deploy/ansible/covey.yml" "${@:2}" 2>&1 | tee -a "$LAB_DIR/log/$1"
}

# fleet_repository NAME FOLDER: that machine has these packages in a repository, and no other one. It knew what it has
# long ago.
fleet_repository() {
	(cd "$2" && dpkg-scanpackages . 2>/dev/null >Packages)
	inside "$1" mkdir -p /srv/packages
	tar -C "$2" -c . | inside "$1" tar -C /srv/packages -x
	inside "$1" sh -c 'rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/* /etc/apt/apt.conf.d/*
		echo "deb [trusted=yes] file:/srv/packages ./" >/etc/apt/sources.list
		touch -d "2 hours ago" /var/lib/apt/lists'
}
