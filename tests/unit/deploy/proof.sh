#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# proof.sh FOLDER: which answers of `covey check --wire` the role in deploy/ansible takes for a proof. A script stands
# for covey, and this machine for all hosts.
set -euo pipefail

fail() {
	echo "FAILED: $*: $(<"$work/log")" >&2
	exit 1
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME=$work ANSIBLE_HOME=$work/ansible ANSIBLE_LOCALHOST_WARNING=0 LC_ALL=C.UTF-8 PATH=$work:$PATH
cat >"$work/covey" <<END
#!/bin/sh
echo "\$4" >>"$work/asked"
cat "$work/answer"
exit 1
END
chmod +x "$work/covey"
cat >"$work/hosts.yml" <<'END'
all:
  vars: {ansible_connection: local, ansible_python_interpreter: /usr/bin/python3}
  hosts: {hv1: {}, hv2: {}, hv3: {}}
END
cat >"$work/proof.yml" <<END
- hosts: all
  gather_facts: false
  any_errors_fatal: true
  tasks:
    - ansible.builtin.include_role: {name: $1/deploy/ansible/roles/covey, tasks_from: wire}
END
cat >"$work/model.yml" <<END
deploy_model:
  groups:
    - {name: a, mode: enforce, members: [{host: hv1}, {host: hv2}]}
    - {name: b, mode: observe, members: [{host: hv2}, {host: hv3}]}
    - {name: alone, mode: enforce, members: [{host: hv3}]}
END

# proves yes|no WHAT JSON [OPTION...]
proves() {
	local got=yes

	echo "$3" >"$work/answer"
	: >"$work/asked"
	ansible-playbook -i "$work/hosts.yml" -e "@$work/model.yml" "$work/proof.yml" "${@:4}" >"$work/log" 2>&1 || got=no
	[[ $got == "$1" ]] || fail "$2: it proves: $got"
}

good='{"group": "a", "from": "hv1", "to": "hv2", "verdict": "encrypted"}'
clear='{"group": "b", "from": "hv1", "to": "hv2", "verdict": "clear"}'
proves yes "all is encrypted" "{\"bad\": 0, \"directions\": [$good], \"clear\": []}"
[[ $(sort "$work/asked" | tr '\n' ' ') == "a b " ]] || fail "asked: $(<"$work/asked")"
proves no "nothing was sent" '{"bad": 1, "directions": [], "clear": []}'
proves no "nothing was sent in a part" '{"bad": 1, "directions": [], "clear": []}' --limit hv1,hv2
proves no "one run came to nothing" "{\"bad\": 1, \"directions\": [$good], \"clear\": []}"
proves yes "one run came to nothing in a part" "{\"bad\": 1, \"directions\": [$good], \"clear\": []}" --limit hv1,hv2
proves no "VXLAN in clear" "{\"bad\": 0, \"directions\": [$good], \"clear\": [{\"from\": \"192.0.2.1\"}]}"
proves no "clear in enforce" "{\"bad\": 1, \"directions\": [$clear], \"clear\": []}"
proves yes "clear in observe" "{\"bad\": 1, \"directions\": [$clear], \"clear\": []}" --limit hv2,hv3
