#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Certificates are replaced under traffic, of a host and of the key manager: a host moves its session to
# the new one by itself, and the old one's revocation costs no packet; also where the old ones have
# expired meanwhile. What is no good is not taken, and said. Their ends are said 30, 7 and 1 days before.
LAB_HOSTS=2
. "$(dirname "$0")/_init.sh"

VALID_DAYS=100
FAKETIME=$(find /usr/lib/*/faketime -name libfaketimeMT.so.1)

pki() {
	"$(lab_program covey)" --inventory "$LAB_DIR/inventory.yaml" --pki "$LAB_DIR/pki" pki "$@" \
		>>"$LAB_DIR/log/pki"
}

# serial NAME: of its certificate on disk.
serial() {
	openssl x509 -in "$LAB_DIR/pki/$1.crt" -noout -serial | cut -d= -f2
}

# uses N SERIAL: what hvN would show to the key manager.
uses() {
	[[ $(lab_show "$1" '.certificates[0].serial // ""') == "$2" ]]
}

gkm_uses() {
	[[ $(lab_show_gkm '.certificates[0].serial // ""') == "$1" ]]
}

# serves SERIAL: the key manager, to somebody who connects now.
serves() {
	[[ $(in_ns hv2 openssl s_client -tls1_3 -connect "$(lab_gkm_address):4798" \
		</dev/null 2>>"$LAB_DIR/log/s_client" | openssl x509 -noout -serial) == "serial=$1" ]]
}

epochs() {
	local n

	for n in $(lab_hosts); do lab_show "$n" '.groups[0].epoch'; done | paste -sd ' '
}

epoch_is() {
	[[ $(lab_show "$1" '.groups[0].epoch') == "$2" ]]
}

# moves N SERIAL: the session of hvN does, to this certificate.
moves() {
	[[ $(lab_show "$1" '.gkm.certificate') == "$2" && $(lab_show "$1" .ready) == true ]]
}

# all_are_back EPOCHS: each has registered once since.
all_are_back() {
	[[ $(epochs) == "$(echo "$1" | awk '{ print $1 + 1, $2 + 1 }')" ]]
}

break_session() {
	in_ns "hv$1" ss -K -Htn 'dport = 4798' >>"$LAB_DIR/log/ss"
}

# comes_back N: the connection breaks, and hvN makes another.
comes_back() {
	local epoch

	epoch=$(lab_show "$1" '.groups[0].epoch')
	break_session "$1"
	lab_wait 15 "hv$1 to come back" epoch_is "$1" $((epoch + 1))
}

# says LOG WORDS [LINES]: behind so many lines.
says() {
	tail -n +$((${3:-0} + 1)) "$LAB_DIR/log/$1" | grep -Eq "$2"
}

lines() {
	wc -l <"$LAB_DIR/log/$1"
}

problem_is() {
	[[ $(lab_show "$1" '.certificates_problem // ""') == *"$2"* ]]
}

no_problem() {
	[[ $(lab_show "$1" .certificates_problem) == null ]]
}

# sign NAME USAGE FROM UNTIL: another certificate for its key, by openssl; dates as date(1) reads them.
sign() {
	local name=$1 uri=spiffe://demo.example/gkm

	[[ $name == gkm ]] || uri=spiffe://demo.example/host/$name
	(
		cd "$LAB_DIR/pki"
		mkdir -p book
		: >>book/index
		openssl rand -hex 16 >book/serial
		openssl req -new -key "$name.key" -subj "/CN=$name" -out book/csr
		printf '%s\n' '[ca]' 'default_ca=d' '[d]' database=book/index serial=book/serial \
			new_certs_dir=book default_md=sha256 policy=p unique_subject=no \
			x509_extensions=x '[p]' commonName=supplied '[x]' \
			basicConstraints=critical,CA:FALSE \
			"extendedKeyUsage=$2" "subjectAltName=URI:$uri" >book/cnf
		openssl ca -batch -notext -config book/cnf -cert ca.crt \
			-keyfile ca.key -in book/csr -out "book/$name" \
			-startdate "$(date -u -d "$3" +%Y%m%d%H%M%SZ)" \
			-enddate "$(date -u -d "$4" +%Y%m%d%H%M%SZ)"
		mv "book/$name" "$name.crt"
	) 2>>"$LAB_DIR/log/openssl"
}

have_expired() {
	! openssl x509 -in "$LAB_DIR/pki/gkm.crt" -checkend 0 >/dev/null &&
		! openssl x509 -in "$LAB_DIR/pki/hv2.crt" -checkend 0 >/dev/null
}

# set_clock DAYS: hv1's, so many days off; it looks at its certificates then.
set_clock() {
	printf '%+dd\n' "$1" >"$LAB_DIR/clock.new"
	mv "$LAB_DIR/clock.new" "$LAB_DIR/clock"
	lab_signal hv1 HUP
}

lab_issue_certificates() {
	pki init
	pki issue --all --days "$VALID_DAYS"
}

lab_start_covey() {
	local clock=()

	((${1} != 1)) || clock=(env "LD_PRELOAD=$FAKETIME" "FAKETIME_TIMESTAMP_FILE=$LAB_DIR/clock"
		FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME_DONT_RESET=1)
	lab_spawn "hv$1" "hv$1" "${clock[@]}" "$(lab_program covey-host)" \
		--inventory "$LAB_DIR/inventory.yaml" --pki "$LAB_DIR/pki" --name "hv$1" \
		--socket "$LAB_DIR/hv$1.sock" --log-level "$LAB_LOG_LEVEL"
}

echo +0d >"$LAB_DIR/clock"
e2e_up
for n in 1 2; do e2e_receive "$n"; done
e2e_wait_ping 1 2
e2e_keep_sending 1 2 --rate 500
e2e_keep_sending 2 1 --rate 500
lab_wait 10 "traffic" e2e_has_received 2 1 500
before=$(epochs)

echo "the dates are shown, with the CA's"
for show in "lab_show 1" lab_show_gkm; do
	expect "dates, by $show" "$($show '[.certificates[] | select(.not_before and .not_after and
		.subject and .serial)] | length')" 2
done
lab_covey 1 show >"$LAB_DIR/shown"
grep -q "^Certificate .*$(serial hv1).* until 20" "$LAB_DIR/shown" || fail "covey show has no dates"

echo "a host's: its session moves to the new one, and then the old one may be revoked"
old=$(serial hv1)
pki issue hv1 --force --days "$VALID_DAYS"
lab_wait 5 "hv1 to take up its new certificate" uses 1 "$(serial hv1)"
lab_wait 5 "hv1's session to move to it" moves 1 "$(serial hv1)"
before="$((${before% *} + 1)) ${before#* }"
expect "epochs after the session has moved" "$(epochs)" "$before"
pki revoke --serial "$old"
lab_wait 5 "the key manager to know the list" says gkm 'revoked certificates: 1'
lab_wait 5 "hv1's keys to be replaced" says gkm "hv1: its certificate .* $old is revoked"
expect "epochs after the old one is revoked" "$(epochs)" "$before"
no_problem 1 || fail "hv1 has a problem with its certificate"

echo "one that the key manager does not let in: the session that there is goes on"
used=$(serial hv1)
set_clock 2
sign hv1 clientAuth '+1 day' "+$VALID_DAYS days"
lab_wait 5 "hv1 to take up one that is not valid yet elsewhere" uses 1 "$(serial hv1)"
lab_wait 10 "hv1 to say that it is not let in" says hv1 "no session with our certificate $(serial hv1)"
moves 1 "$used" || fail "hv1's session is not with certificate $used"
expect "epochs after a certificate that is not let in" "$(epochs)" "$before"
lab_covey 1 show >"$LAB_DIR/shown"
grep -q "still with certificate $used" "$LAB_DIR/shown" || fail "covey show does not say so"
set_clock 0
pki issue hv1 --force --days "$VALID_DAYS"
lab_wait 10 "hv1's session to move to one that is" moves 1 "$(serial hv1)"
before="$((${before% *} + 1)) ${before#* }"
expect "epochs after that" "$(epochs)" "$before"

echo "the key manager's: all sessions stay, who connects sees the new one"
old=$(serial gkm)
pki issue gkm --force --days "$VALID_DAYS"
lab_wait 5 "the key manager to take up its new certificate" gkm_uses "$(serial gkm)"
lab_wait 5 "the key manager to serve it" serves "$(serial gkm)"
expect "epochs after the key manager's renewal" "$(epochs)" "$before"
pki revoke --serial "$old"
lab_wait 15 "the hosts to be back after the old one's revocation" all_are_back "$before"
before=$(epochs)

echo "what is no good is not taken, and said; SIGHUP says it again"
old=$(serial hv2)
cp -p "$LAB_DIR/pki/hv2.key" "$LAB_DIR/pki/hv2.crt" "$LAB_DIR"
cp -p "$LAB_DIR/pki/hv1.key" "$LAB_DIR/pki/new"
mv "$LAB_DIR/pki/new" "$LAB_DIR/pki/hv2.key"
lab_wait 5 "hv2 to say that its key is another's" problem_is 2 "does not belong to"
seen=$(lines hv2)
lab_signal hv2 HUP
lab_wait 5 "hv2 to say so again" says hv2 'does not belong to .* stay as they were' "$seen"
says hv2 'SIGHUP: reading the inventory' "$seen" || fail "hv2 does not say what SIGHUP is for"
lab_signal gkm HUP
lab_wait 5 "the key manager to say the same" says gkm 'SIGHUP: reading the inventory'
cp -p "$LAB_DIR/pki/hv1.crt" "$LAB_DIR/pki/new"
mv "$LAB_DIR/pki/new" "$LAB_DIR/pki/hv2.crt"
lab_wait 5 "hv2 to say whose the pair is" problem_is 2 "but we are spiffe://demo.example/host/hv2"
uses 2 "$old" || fail "hv2 took a certificate that is not its own"
comes_back 2
mv "$LAB_DIR/hv2.key" "$LAB_DIR/hv2.crt" "$LAB_DIR/pki"
lab_wait 5 "hv2 to find its own pair again" no_problem 2
before=$(epochs)

echo "30, 7 and 1 days before the end, and after it; the session stays"
for days in 30 7 1 0; do
	seen=$(lines hv1)
	set_clock $((VALID_DAYS - days))
	words="warning: our own certificate .* ends at .*, within $days day"
	((days)) || words='error: our own certificate .* has expired at'
	lab_wait 10 "the warning at $days days" says hv1 "$words" "$seen"
done
expect "epochs of a host whose certificate has expired" "$(epochs)" "$before"
set_clock 0

echo "what has expired is replaced on disk: the next handshake has the new one, nobody is restarted"
sign gkm serverAuth '-1 hour' '+6 seconds'
sign hv2 clientAuth '-1 hour' '+6 seconds'
lab_wait 5 "the key manager to take up one that ends soon" gkm_uses "$(serial gkm)"
lab_wait 5 "hv2 to take up one that ends soon" uses 2 "$(serial hv2)"
lab_wait 5 "hv2's session to move to it" moves 2 "$(serial hv2)"
before="${before% *} $((${before#* } + 1))"
lab_wait 5 "the key manager to warn" says gkm 'warning: our own .* within 1 day'
lab_wait 20 "the certificates to expire" have_expired
expect "epochs with expired certificates" "$(epochs)" "$before"
seen=$(lines hv2)
break_session 2
lab_wait 15 "hv2 to see it expired" says hv2 'certificate of the peer.* has expired' "$seen"
pki issue gkm --force
pki issue hv2 --force
lab_wait 5 "the key manager to serve the new one" serves "$(serial gkm)"
lab_wait 60 "hv2 to be let in again" epoch_is 2 $((${before#* } + 1))
uses 2 "$(serial hv2)" || fail "hv2 has another certificate than the one on disk"

for stream in 1-2 2-1; do lab_stop "tx$stream"; done
e2e_expect_all 1 2
e2e_expect_all 2 1
