#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# One key for the whole group, AES-128: the wire is the same.
LAB_HOSTS=2
LAB_GROUP_VARS="        key_scope: group
        cipher: aes-128-gcm"
. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_both_casts.sh
. "$E2E_HERE/_both_casts.sh"

both_casts
expect "cipher" "$(lab_show 1 '.sas[0].cipher')" aes-128-gcm
expect "key scope" "$(lab_show 1 '.sas[0].key_scope')" group
