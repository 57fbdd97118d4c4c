#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# moves.sh FOLDER COVEY: what `covey deploy` does with machines that get another name, that are copies of others, or
# that are gone, and with a key manager that moves. Each machine is a mount namespace with a machine-id, a boot and
# folders of its own; scripts stand for packages, units and daemons. Nothing of this machine's own is written.
set -euo pipefail
[[ $EUID == 0 ]] || exit 77

# All is on a file system that goes with this process.
[[ ${MOVES_INSIDE:-} ]] || MOVES_INSIDE=1 exec unshare --mount --propagation private "$0" "$@"
source=$1 covey=$2 work=/mnt inventory=/mnt/inventory.yaml
mount -t tmpfs tmpfs "$work"
trap 'kill $(jobs -p) 2>/dev/null' EXIT
export HOME=$work ANSIBLE_HOME=$work/ansible LC_ALL=C.UTF-8
unset SUDO_USER
mkdir "$work/bin"

fail() {
	echo "FAILED: $*: $(tail -n 30 "$work/log")" >&2
	exit 1
}

# --- machines -------------------------------------------------------------------------------------

script() { # NAME: its text is the input
	{ echo '#!/bin/sh' && cat; } >"$work/bin/$1"
	chmod +x "$work/bin/$1"
}

# $S is a machine's folder that only these scripts know: what is installed, and what runs.
script dpkg-query <<'END'
[ -e "$S/purged" ] && exit 1
for name in covey covey-gkm covey-host; do echo "package $name 1 ii "; done
END
script apt-get <<'END'
[ "$1" = purge ] || exit 0
rm -f /var/lib/covey/gkm.db
touch "$S/purged"
END
# covey-host runs under the name that it finds when it starts. It is too early if the key manager has not heard of it.
script apt-cache </dev/null
script systemctl <<'END'
echo "$*" >>"$S/log"
verb=$1
[ "$verb" = -q ] && verb=$2
for unit; do :; done
case $verb in
is-enabled) [ -e "$S/$unit" ] && echo enabled || echo disabled ;;
is-active) [ -e "$S/$unit" ] && echo active || echo inactive ;;
disable) rm -f "$S/$unit" ;;
enable | restart)
	cat /etc/covey/name >"$S/$unit" 2>/dev/null || echo >"$S/$unit"
	[ "$unit" != covey-host ] || for m in /mnt/127.*; do
		[ ! -e $m/s/covey-gkm ] || grep -q " $(cat /etc/covey/name):" $m/etc/inventory.yaml ||
			cat /etc/covey/name >/mnt/early
	done
	;;
esac
END
script sudo <<'END'
shift 4
exec "$@"
END
script date <<'END'
[ "$*" = +%s ] && [ -e "$S/clock" ] && exec cat "$S/clock"
exec /bin/date "$@"
END
script covey <<'END'
case "$*" in
*--wire*) echo '{"bad": 0, "directions": [{"verdict": "encrypted"}], "clear": []}' ;;
*--gkm*) echo '{"ok": true}' ;;
*)
	name=$(cat "$S/covey-host") || exit 1
	serial=$(openssl x509 -noout -serial -in "/etc/covey/pki/$name.crt" | cut -d= -f2)
	echo "{\"ok\": true, \"host\": \"$name\", \"gkm\": {\"certificate\": \"$serial\"},
		\"groups\": [{\"name\": \"tenants\", \"state\": \"joined\"}]}"
	;;
esac
END

machine() { # N: its address is 127.0.0.N
	local m=$work/127.0.0.$1

	mkdir -p "$m/"{etc,lib,cache,s,over/work,over/etc,over/var,over/work2}
	tr -d - </proc/sys/kernel/random/uuid >"$m/id"
	cat /proc/sys/kernel/random/uuid >"$m/boot"
	touch "$m/s/covey-guard"
	unshare --mount --propagation private bash -euc "
		mount -t overlay overlay /etc -o lowerdir=/etc,upperdir=$m/over/etc,workdir=$m/over/work
		mount -t overlay overlay /var -o lowerdir=/var,upperdir=$m/over/var,workdir=$m/over/work2
		mkdir -p /etc/covey /var/lib/covey /var/cache/covey
		touch /etc/machine-id
		mount --bind $m/etc /etc/covey
		mount --bind $m/lib /var/lib/covey
		mount --bind $m/cache /var/cache/covey
		mount --bind $m/id /etc/machine-id
		mount --bind $m/boot /proc/sys/kernel/random/boot_id
		touch $m/up
		exec sleep infinity" &
	cat >"$m/sh" <<-END
		#!/bin/sh
		export S=$m/s PATH=$work/bin:\$PATH
		exec nsenter --mount --target $! /bin/sh "\$@"
	END
	until [[ -e $m/up ]]; do
		kill -0 $! 2>/dev/null || fail "machine $1 does not start"
		sleep 0.05
	done
	back "$1"
}

# Without its script, Ansible tries ssh, to a port where nobody listens.
gone() { chmod -x "$work/127.0.0.$1/sh"; }
back() { chmod +x "$work/127.0.0.$1/sh"; }

# --- the operator ---------------------------------------------------------------------------------

# inventory HOSTS KEY_MANAGER: each as NAME=N, on machine N.
inventory() {
	local one at=0

	cat >"$inventory" <<-END
		all:
		  vars:
		    ansible_connection: "{{ 'local' if lookup('pipe', 'test -x $work/' ~ ansible_host ~ '/sh && echo yes || true') else 'ssh' }}"
		    ansible_shell_executable: "{{ '$work/' ~ ansible_host ~ '/sh' if ansible_connection == 'local' else '/bin/sh' }}"
		    ansible_port: 1
		    ansible_become: true # or files would be fetched without the machine's shell
		    ansible_become_exe: $work/bin/sudo
		    deploy_join_seconds: 5
		    covey_fabric: fabric.example
		    covey_gkm: 192.0.2.10
		    covey_groups: {tenants: {vnis: [100], members: [hypervisors]}}
		  children:
		    ungrouped: {hosts: {localhost: {ansible_connection: local, ansible_shell_executable: /bin/sh}}}
		    key_managers: {hosts: {${2%=*}: {ansible_host: 127.0.0.${2#*=}}}}
		    hypervisors:
		      hosts:
	END
	for one in $1; do
		echo "        ${one%=*}: {ansible_host: 127.0.0.${one#*=}, covey_vtep: 198.51.100.$((at += 1))}" >>"$inventory"
	done
}

deploy() {
	"$covey" --inventory "$inventory" --pki "$work/pki" deploy --playbook "$source/deploy/ansible/covey.yml" "$@" \
		>"$work/log" 2>&1
}

refuses() { # WHAT THE MESSAGE, then options
	if deploy "${@:3}"; then fail "$1: it is not refused"; fi
	grep -q -- "$2" "$work/log" || fail "$1: it does not say \"$2\""
}

has() { # N STATE: of a key manager
	[[ $(cat "$work/127.0.0.$1/lib/gkm.db" 2>/dev/null) == "$2" ]] || fail "machine $1 should have the state \"$2\""
}

serial() {
	openssl x509 -noout -serial -in "$1"
}

for n in 1 2 3 4; do machine "$n"; done
inventory "hv1=1 hv2=2" gkm1=3
deploy || fail "the first run"
echo first >"$work/127.0.0.3/lib/gkm.db"
for n in 1 2 3; do : >"$work/127.0.0.$n/s/log"; done

# Another name: nothing is taken from it but the key of the name before, and it is started anew once.
inventory "hv1=1 hv2=2" gkm.example=3
"$covey" --inventory "$inventory" host rename hv1 hv.example >"$work/log"
deploy || fail "other names"
[[ ! -e $work/127.0.0.1/s/purged && ! -e $work/127.0.0.3/s/purged ]] || fail "it is taken for one that is gone"
has 3 first
[[ $(cd "$work/127.0.0.1/etc/pki" && echo *) == "ca.crt hv.example.crt hv.example.key" ]] || fail "the keys"
[[ $(cd "$work/pki" && echo hv* deployed/*) == \
	"hv.example.crt hv.example.key hv2.crt hv2.key deployed/ca.crt deployed/gkm.example.gkm.json deployed/gkm.holder deployed/hv.example.host.json deployed/hv2.host.json" ]] ||
	fail "what is left: $(cd "$work/pki" && echo hv* deployed/*)"
[[ $(grep -c '^restart\|^enable\|^disable' "$work/127.0.0.1/s/log") == 1 ]] || fail "restarts: $(<"$work/127.0.0.1/s/log")"
[[ $(cat "$work"/127.0.0.[23]/s/log | grep -c '^restart\|^enable\|^disable') == 0 ]] || fail "others are started anew"
[[ ! -e $work/early ]] || fail "$(<"$work/early") starts before the key manager knows it"

# One machine twice.
inventory "hv.example=1 hv2=2 hv3=1" gkm.example=3
refuses "two names" 'hv.example and hv3 are the same machine'

# Clocks by which certificates are not valid.
inventory "hv.example=1 hv2=2" gkm.example=3
echo 1000000000 >"$work/127.0.0.1/s/clock"
echo 9000000000 >"$work/127.0.0.2/s/clock"
refuses "wrong clocks" 'hv.example .*FAILED at "Look at its clock": Its clock says 2001-09-09'
grep -q 'hv2 .*FAILED at "Look at its clock": Its clock says 2255-03-14' "$work/log" || fail "the clock of hv2"
rm "$work"/127.0.0.[12]/s/clock

# The key manager's machine is gone, and a host that is a copy of the other one. Where the key manager is to go is a
# state of another time.
gone 3
cp "$work/127.0.0.1/id" "$work/127.0.0.2/id"
printf 'SQLite format 3 backup' >"$work/backup"
echo other >"$work/127.0.0.4/lib/gkm.db"
inventory "hv.example=1" gkm4=4
before=$(serial "$work/pki/gkm.crt")
refuses "no backup" 'is no backup of a key manager' --state "$inventory"
refuses "without a state" 'give the newest backup (covey deploy --state FILE)'
refuses "over another state" 'move /var/lib/covey/gkm.db\* away' --state "$work/backup"
has 4 other
[[ ! -e $work/127.0.0.4/s/covey-gkm && $(serial "$work/pki/gkm.crt") == "$before" ]] || fail "it was begun"
rm "$work/127.0.0.4/lib/gkm.db"
refuses "a copy" 'This may be hv.example, which .* nothing was taken from it' --state "$work/backup"
grep -q 'gkm.example.gkm .*FAILED at "See which machine it is": cannot be reached' "$work/log" || fail "it is not named"
[[ ! -e $work/127.0.0.2/s/purged ]] || fail "the copy is taken for one that is gone"
has 4 "$(<"$work/backup")"
[[ $(serial "$work/127.0.0.4/etc/pki/gkm.crt") != "$before" ]] || fail "the same certificate"
openssl crl -noout -text -in "$work/127.0.0.1/etc/pki/crl.pem" | grep -q "${before#*=}" || fail "hosts take the certificate of before"

# It comes back with a state that is old by now, and the copy has a machine-id of its own.
back 3
echo later >"$work/127.0.0.4/lib/gkm.db"
tr -d - </proc/sys/kernel/random/uuid >"$work/127.0.0.2/id"
deploy --state "$work/backup" || fail "the one that is back"
has 4 later
[[ -e $work/127.0.0.3/s/purged && ! -e $work/127.0.0.3/s/covey-gkm ]] || fail "the one that is back still runs"
[[ -e $work/127.0.0.2/s/purged && ! -e $work/127.0.0.1/s/purged ]] || fail "one that is gone"
[[ $(cd "$work/pki/deployed" && echo *) == "ca.crt gkm.holder gkm4.gkm.json hv.example.host.json" ]] || fail "what is left"
[[ ${COVEY_TEST_LONG:-} ]] || exit 0

# To a machine that was cleaned, and with nothing to another one.
rm "$work/127.0.0.3/s/purged"
inventory "hv.example=1" gkm3=3
refuses "its own state is there" 'run it without --state and --no-state' --no-state
[[ -e $work/127.0.0.4/s/covey-gkm && ! -e $work/127.0.0.3/s/covey-gkm ]] || fail "it was begun"
deploy || fail "another machine"
has 3 later
[[ -e $work/127.0.0.4/s/purged && ! -e $work/127.0.0.4/s/covey-gkm ]] || fail "the one before still runs"
rm "$work/127.0.0.4/s/purged"
gone 3
inventory "hv.example=1" gkm4=4
refuses "from nothing" 'gkm3.gkm .*FAILED at "See which machine it is": cannot be reached' --no-state
[[ ! -e $work/127.0.0.4/lib/gkm.db && -e $work/127.0.0.4/s/covey-gkm ]] || fail "it does not begin with nothing"
