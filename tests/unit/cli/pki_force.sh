#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# `covey pki issue --force` dies or fails at each system call that changes the directory: at each of
# them key and certificate belong together, and the next command leaves no trace of it.
# Argument: the program. COVEY_TEST_SHALLOW: at one of four.
set -euo pipefail

covey=$(realpath "$1")
shm=/dev/shm # where fsync, of which there is much, costs nothing
[[ -w $shm ]] || shm=${TMPDIR:-/tmp}
directory=$(mktemp -d -p "$shm")
trap 'rm -rf "$directory"' EXIT
cd "$directory"

CALLS=rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,mkdir,mkdirat,fsync

cat >inventory.yaml <<'END'
all:
  vars: {covey_fabric: lab, covey_gkm: 127.0.0.1, covey_groups: {g: {vnis: [1], members: [hv1]}}}
  hosts: {hv1: {covey_vtep: 10.0.0.1, covey_fabric_interface: eth1}}
END

fail() {
	echo "FAIL: $*" >&2
	ls -lA pki >&2
	exit 1
}

pki() {
	"$covey" --inventory inventory.yaml --pki pki pki "$@" >/dev/null
}

# pki_at CALL N HOW: --force, with what strace does at the Nth call of that kind.
pki_at() {
	strace -f -qq -o trace -e "trace=$1" -e "inject=$1:$3:when=$2" "$covey" \
		--inventory inventory.yaml --pki pki pki issue hv1 --force >out 2>&1
}

# Both files as a reader gets them.
contents() {
	cat pki/hv1.key pki/hv1.crt
}

belong_together() {
	cmp -s <(openssl pkey -in pki/hv1.key -pubout) <(openssl x509 -in pki/hv1.crt -noout -pubkey)
}

is_tidy() {
	[[ -f pki/hv1.key && ! -L pki/hv1.key && -f pki/hv1.crt && ! -L pki/hv1.crt ]] &&
		[[ $(stat -c %a pki/hv1.key pki/hv1.crt | paste -sd ' ') == "600 644" ]] &&
		! compgen -G 'pki/.hv1*' >/dev/null
}

# try CALL N HOW: what is there before has been seen to belong together.
try() {
	local before after status=0

	before=$(contents)
	(pki_at "$@") 2>/dev/null || status=$?
	grep -Eq 'INJECTED|killed by SIGKILL' trace || fail "$*: there is no such call"
	after=$(contents) || fail "$*: key or certificate is missing"
	[[ $after == "$before" ]] || belong_together ||
		fail "$*: key and certificate do not belong together"
	if [[ $3 == error=* && $status == 0 ]]; then
		[[ $after != "$before" ]] || fail "$*: done, but nothing is new"
	elif [[ $3 == error=* ]]; then
		[[ $after == "$before" ]] || fail "$*: failed, but something is new"
	fi
	[[ $3 == signal=* ]] || return 0
	pki issue hv1 --force || fail "$*: the next one fails"
	belong_together || fail "$*: after the next one they do not belong together"
	is_tidy || fail "$*: the next one leaves something behind"
}

pki init
pki issue hv1
strace -f -qq -o all -e trace="$CALLS" "$covey" --inventory inventory.yaml --pki pki pki issue hv1 \
	--force >out
(($(wc -l <all) >= 6)) || fail "strace saw too few calls"
belong_together || fail "key and certificate do not belong together, though nothing failed"
step=1
tried=0
if [[ ${COVEY_TEST_SHALLOW:-} ]]; then
	step=4
	echo "note: shallow: covey pki issue --force fails at 1 of $step system calls"
fi
while read -r count call; do
	for ((n = 1; n <= count; n++)); do
		((tried++ % step == 0)) || continue
		try "$call" "$n" error=EIO
		try "$call" "$n" signal=KILL
	done
done < <(sed -E 's/^[0-9]+ +([a-z0-9]+)\(.*/\1/' all | sort | uniq -c)
pki issue hv1 --force
is_tidy || fail "what failed left something behind"

# Also where the names are links of the operator's.
mkdir elsewhere
mv pki/hv1.key pki/hv1.crt elsewhere
ln -s ../elsewhere/hv1.key ../elsewhere/hv1.crt pki
before=$(contents)
if pki_at symlinkat 5 error=EIO; then fail "symlinkat failed, and nobody says so"; fi
[[ $(contents) == "$before" && $(readlink pki/hv1.key) == ../elsewhere/hv1.key ]] ||
	fail "a link of the operator's is another one after a failure"
pki issue hv1 --force
belong_together || fail "links of the operator's: they do not belong together"
is_tidy || fail "links of the operator's were not replaced"
