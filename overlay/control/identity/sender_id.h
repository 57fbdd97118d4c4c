/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The certificate extension that fixes a host's SenderID: SENDER_ID_OID, non-critical. Its value is
 * a DER INTEGER from COVEY_SENDER_ID_MIN to COVEY_SENDER_ID_MAX.
 */

#include <covey/error.h>
#include <openssl/x509.h>
#include <stdint.h>

/*
 * Read the extension. Returns 0 (with *ret_sender_id 0 when the certificate has none) or -EINVAL. A
 * certificate with a broken extension, or with two, is refused. It is not treated as one without.
 */
int sender_id_from_certificate(X509 *certificate, uint16_t *ret_sender_id,
			       struct covey_error *error);

/* Add the extension to a certificate that is being made. Returns 0 or -ENOMEM. */
int sender_id_to_certificate(X509 *certificate, uint16_t sender_id);
