#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A reader types what the pages say, on machines that have nothing of covey: packages, inventory, certificates,
# services, day two, the way to a card for covey and back, and away again. Each block of shell in the pages is run
# here, or is named below with who runs it. What is another on these machines is the names of interfaces and
# addresses.
# ports: kernel
# waits: for machines that boot, and hosts that join
# shellcheck disable=SC2034 # for lab.sh
LAB_HOSTS=2
. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_fleet.sh
. "$E2E_HERE/_fleet.sh"

BLOCKS=$FLEET_DIR/blocks

# The pages' machines are managed by an interface of its own: what is typed may cut the fabric.
fleet_wires() {
	local n

	for n in $(lab_hosts); do
		lab_ip ctl link add "hv$n" type veth peer name mgmt netns "$(lab_ns "hv$n")"
		lab_ip ctl link set "hv$n" up
		lab_ip ctl address add "10.78.$n.1/24" dev "hv$n"
		lab_ip "hv$n" link set mgmt up
		lab_ip "hv$n" address add "10.78.$n.2/24" dev mgmt
	done
}

fleet_address() { # NAME
	case $1 in
	gkm1) lab_gkm_address ;;
	hv*) echo "10.78.${1#hv}.2" ;;
	esac
}

# --- blocks that are not run here -----------------------------------------------------------------

# PAGE, how the block begins, and why not.
apart() {
	cat <<-'END'
		README.md|sudo ./deploy/demo/run|the check demo of .ci/run
		README.md|sudo ./tests/run|it is what runs this
		CONTRIBUTING.md|sudo ./tests/run|it is what runs this
		CONTRIBUTING.md|meson setup build|it is what has built this
		docs_bring-up.md|sudo ./deploy/package|the test package
		docs_bring-up.md|sudo apt-get update|the demo installs the same
		docs_bring-up.md|meson setup build-install|the test package, by deploy/debian/rules
		docs_bring-up.md|sudo ninja -C build-install uninstall|of what that has installed
		docs_bring-up.md|sudo ip link add vxlan100 type vxlan id 100 local|the test e2e-65-evpn
		docs_bring-up.md|sudo ovs-vsctl add-br br-int|the test e2e-66-ovs
		docs_bring-up.md|sudo ovs-vsctl add-br br-phy|the test e2e-66-ovs
		docs_bring-up.md|sudo nft -f -|the test e2e-66-ovs
		docs_bring-up.md|tshark -i eth1|the test e2e-98-dissector
		docs_bring-up.md|sudo covey capture drops|the test e2e-97-capture
		docs_deploy.md|sudo apt-get install|the test package
		docs_deploy.md|covey --inventory inventory.yaml --pki pki plan|the test e2e-90-fleet
		docs_deploy.md|covey --inventory inventory.yaml --pki pki deploy --state|the test unit-deploy-moves
		docs_operations.md|sudo systemctl disable --now covey-gkm|its steps are those of the test e2e-93-store-moves
		docs_operations.md|sudo install -m 600 /root/gkm-backup.db|its steps are those of the test e2e-93-store-moves
		docs_threat-model.md|sudo covey evict hv3|the same is in bring-up.md
		docs_threat-model.md|covey --inventory inventory.yaml --pki pki pki revoke hv3|the same is in bring-up.md
		docs_fuzzing.md|tests/fuzz/run|the test fuzz
		docs_reliability.md|sudo ./tests/run rekey-under-load|the test e2e-22-rekey-under-load
		docs_reliability.md|build/tests/simulation/simulation|a shorter form is the test simulation
		docs_reliability.md|nice -n -15 build/tests/bench/gkm-scale|a shorter form is the test gkm-scale
	END
}

# --- blocks that are ------------------------------------------------------------------------------

# What the pages call the machines' interfaces and addresses. sudo is not everywhere; root is.
fit() { # N, the host whose own address hv1's stands for
	local other=$((3 - $1))

	sed -e "s/172\.16\.0\.1\b/172.16.0.$1/g; s/198\.51\.100\.1\b/$(lab_vtep "$1")/g; s/198\.51\.100\.2\b/$(lab_vtep "$other")/g" \
		-e "s/192\.0\.2\.10\b/$(lab_gkm_address)/g; s/eth1/fab0/g"
}

# doc PAGE WHERE BEGINNING [SED]: run the page's next block that begins so. WHERE: hv1, hv2, hvs, gkm1 or ctl.
doc() {
	local file where=$2

	for file in "$BLOCKS/$1".*; do
		[[ ! -e $file || $(<"$file") != "$3"* ]] || break
	done
	[[ -e $file && $(<"$file") == "$3"* ]] || fail "$1 has no block any more that begins with: $3"
	echo "$1: $(head -n 1 "$file")"
	if [[ $where == hvs ]]; then
		type_at hv1 "$file" "${4:-}"
		where=hv2
	fi
	type_at "$where" "$file" "${4:-}"
	rm "$file"
}

type_at() { # WHERE FILE SED
	local n=1 script

	[[ $1 != hv2 ]] || n=2
	script="sudo() { \"\$@\"; }"$'\n'$(fit "$n" <"$2" | sed -e "${3:-}")
	case $1 in
	ctl) (cd "$FLEET_DIR" && operator bash -eo pipefail -c "$script" </dev/null) ;;
	*) on "$1" "bash -eo pipefail -c $(printf %q "$script")" ;;
	esac >"$BLOCKS/output" 2>&1 || fail "$1: $(<"$2")"$'\n'"$(tail -n 20 "$BLOCKS/output")"
}

none_is_left() {
	local file page start why

	while IFS='|' read -r page start why; do
		for file in "$BLOCKS/$page".*; do
			[[ ! -e $file || $(<"$file") != "$start"* ]] || break
		done
		[[ -e $file && $(<"$file") == "$start"* ]] || fail "$page has no block \"$start\", which is said to be: $why"
		rm "$file"
	done < <(apart)
	rm -f "$BLOCKS"/docs_performance_notebook.md.* # measurements, each with its own conditions
	for file in "$BLOCKS"/*.md.*; do
		[[ ! -e $file ]] || fail "nobody runs this block of ${file##*/}: $(<"$file")"
	done
}

# --- the operator's machine -----------------------------------------------------------------------

# ssh by the machines' names.
name_machines() {
	local name

	mkdir -p "$FLEET_DIR/bin"
	for name in hv1 hv2 gkm1; do
		printf 'Host %s\n  HostName %s\n' "$name" "$(fleet_address "$name")"
	done >"$FLEET_DIR/ssh_config"
	printf 'Host *\n  User root\n  IdentityFile %s\n  UserKnownHostsFile %s\n  BatchMode yes\n  LogLevel ERROR\n' \
		"$FLEET_DIR/user" "$FLEET_DIR/known" >>"$FLEET_DIR/ssh_config"
	for name in ssh scp; do
		printf '#!/bin/sh\nexec /usr/bin/%s -F %s "$@"\n' "$name" "$FLEET_DIR/ssh_config" >"$FLEET_DIR/bin/$name"
		chmod 0755 "$FLEET_DIR/bin/$name"
	done
	ln -s "$(lab_program covey)" "$FLEET_DIR/bin/covey"
	export PATH=$FLEET_DIR/bin:$PATH
}

copy_packages() {
	local name

	fleet_packages "$FLEET_DIR/packages" 1.0
	for name in hv1 hv2 gkm1; do
		(cd "$FLEET_DIR" && operator scp -qr packages "root@$name:")
	done
}

all_well() {
	lab_poll 40 on "$1" covey status || fail "$1 is not well: $(on "$1" covey status 2>&1)"
}

# --- the pages ------------------------------------------------------------------------------------

B=docs_bring-up.md

bring_up() {
	doc $B hvs 'sudo apt-get install -y ./packages/covey_*.deb ./packages/covey-host'
	doc $B gkm1 'sudo apt-get install -y ./packages/covey_*.deb ./packages/covey-gkm'
	doc $B ctl 'cat >inventory.yaml'
	doc README.md ctl 'covey --inventory inventory.yaml check'
	doc $B ctl 'covey --inventory inventory.yaml --pki pki pki init'
	doc $B ctl 'for host in hv1 hv2'
	doc $B gkm1 'sudo systemctl enable --now covey-gkm'
	doc $B hvs 'sudo systemctl enable --now covey-guard covey-host'
	doc $B hvs 'sudo ip link add vxlan100 type vxlan id 100 group'
	all_well hv1
	all_well hv2
	doc $B gkm1 'sudo covey mode tenants'
	doc $B gkm1 'sudo covey mode tenants confirm'
	doc $B gkm1 'sudo covey mode tenants enforce'
	doc $B hv1 'ping -c 3 172.16.0.2'
	doc $B hv1 'ping -c 3 -M do'
}

# What the pages leave to the reader after each: to wait, or to copy.
day_two() {
	doc $B gkm1 'sudo covey rekey tenants'
	doc $B gkm1 'sudo covey evict hv2'
	on hv2 systemctl restart covey-host # it would ask again within a minute
	all_well hv2
	doc $B gkm1 'sudo covey mode tenants'
	doc $B ctl 'covey --inventory inventory.yaml --pki pki pki renew'
	doc $B ctl 'covey --inventory inventory.yaml --pki pki pki revoke hv2'
	copy_certificate
	on gkm1 covey mode tenants observe
	doc $B gkm1 'sudo covey mode tenants transition'
	lab_wait 40 "all to say what they hear in clear" all_have_listened
	doc $B gkm1 'sudo covey mode tenants confirm' 's/ enforce/& --despite-clear/'
	all_well hv2
	doc docs_operations.md hv1 'sudo covey check --wire'
	doc docs_operations.md gkm1 'sudo covey backup'
	doc docs_protocol.md ctl 'openssl kdf'
}

all_have_listened() {
	! on gkm1 covey mode tenants | grep -q 'has not said yet'
}

copy_certificate() {
	(cd "$FLEET_DIR" && operator scp pki/hv2.key pki/hv2.crt root@hv2:/etc/covey/pki/)
	on hv2 systemctl restart covey-host
	lab_wait 40 "hv2 to be back" on hv1 covey why hv2
}

# Of the table in operations.md. The last one ends by itself, a quarter of an hour later.
tasks() {
	local where command

	while IFS=$'\t' read -r where command <&3; do
		echo "docs_operations.md: $command"
		case $where in
		everywhere | hypervisor) where=hv1 ;;
		*CA* | *written*) where=ctl command=${command/covey/covey --inventory inventory.yaml --pki pki} ;;
		esac
		printf '%s\n' "$command" >"$BLOCKS/task"
		type_at "$where" "$BLOCKS/task" ''
		case $command in
		*readmit*)
			on hv2 systemctl restart covey-host
			lab_wait 40 "hv2 to be back" on hv1 covey why hv2
			;;
		*revoke*)
			(cd "$FLEET_DIR" && operator covey --inventory inventory.yaml --pki pki pki issue hv2 --force)
			copy_certificate
			;;
		esac
	done 3<"$BLOCKS/tasks"
	(cd "$FLEET_DIR" && operator covey --inventory inventory.yaml host remove hv5)
}

# copy_inventory SED: the operator has changed it.
copy_inventory() {
	local name

	sed -i "$1" "$FLEET_DIR/inventory.yaml"
	for name in hv1 hv2 gkm1; do
		(cd "$FLEET_DIR" && operator scp inventory.yaml "root@$name:/etc/covey/")
	done
}

reaches() {
	lab_wait 30 "hv1 to reach hv2" on hv1 ping -c 1 -W 1 172.16.0.2
}

a_card_for_covey() {
	local name

	copy_inventory 's/^    hypervisors:$/&\n      vars: {covey_fabric_port: auto, covey_fabric_interface: fab0}/'
	for name in hv1 hv2; do
		on "$name" 'systemctl stop covey-host covey-guard; ip link delete vxlan100; ip link delete covey0'
	done
	doc $B hvs 'sudo systemctl enable --now covey-guard'
	doc $B hvs 'sudo ip address flush'
	doc $B hvs 'sudo tee /etc/systemd/network/20-covey-fabric'
	doc $B hvs 'sudo tee /etc/systemd/network/10-covey0'
	doc $B hvs 'sudo systemctl enable --now covey-host'
	doc $B hvs 'sudo ip address replace 198.51.100.1/24 dev covey0'
	doc $B hvs 'sudo tee /etc/systemd/network/20-covey0' '/^sudo networkctl/d' # it does not run there
	doc $B hvs 'sudo sysctl'
	doc $B hvs 'sudo ip link add vxlan100 type vxlan id 100 group'
	doc $B hvs 'sudo ip address replace 172.16.0.1/24 dev vxlan100'
	reaches
}

and_back() {
	copy_inventory '/covey_fabric_port/d'
	doc $B hvs 'sudo systemctl stop covey-host'
	for name in 1 2; do on "hv$name" ip address replace "172.16.0.$name/24" dev vxlan100; done
	reaches
}

take_away() {
	doc $B hvs 'sudo systemctl disable --now covey-host'
	expect "tables of nftables that are left" "$(on hv1 nft list tables)" ""
	doc $B hvs 'sudo ip link delete covey0'
	reaches
	doc $B gkm1 'sudo systemctl disable --now covey-gkm'
	doc $B hvs 'sudo apt-get purge' 's/purge covey-host covey-gkm/purge -y covey-host/'
	expect "what is left of covey" "$(on hv1 'ls -d /etc/covey /var/lib/covey* /usr/sbin/covey* 2>/dev/null || true')" ""
}

fleet_up
mkdir "$BLOCKS"
/usr/bin/python3 "$E2E_HERE/docs_blocks.py" "$LAB_SOURCE" "$BLOCKS"
name_machines
copy_packages
bring_up
day_two
tasks
a_card_for_covey
and_back
take_away
none_is_left
E2E_ORACLES= # clear VXLAN has passed, as it should
