/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The certificate extension that fixes a host's SenderID: SENDER_ID_OID, non-critical, its value
 * a DER INTEGER of COVEY_SENDER_ID_MIN to COVEY_SENDER_ID_MAX.
 */

#include <covey/error.h>
#include <openssl/x509.h>
#include <stdint.h>

/*
 * Read it. Returns 0 (0 in *ret_sender_id when the certificate has none) or -EINVAL: a certificate
 * with a broken or a second one is refused rather than taken for one without.
 */
int sender_id_from_certificate(X509 *certificate, uint16_t *ret_sender_id,
			       struct covey_error *error);

/* Add it to a certificate that is being made. Returns 0 or -ENOMEM. */
int sender_id_to_certificate(X509 *certificate, uint16_t sender_id);
