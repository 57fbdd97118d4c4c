/* SPDX-License-Identifier: BSD-3-Clause */

#include "refusal.h"

#include <stddef.h>

bool refusal_is_revocation(Covey__RefusalCode code)
{
	return code == COVEY__REFUSAL_CODE__REFUSAL_UNKNOWN_GROUP ||
	       code == COVEY__REFUSAL_CODE__REFUSAL_NOT_AUTHORISED ||
	       code == COVEY__REFUSAL_CODE__REFUSAL_EVICTED ||
	       code == COVEY__REFUSAL_CODE__REFUSAL_SENDER_ID;
}

const char *refusal_name(Covey__RefusalCode code)
{
	static const char *const names[] = {
		[COVEY__REFUSAL_CODE__REFUSAL_NONE] = "no reason given",
		[COVEY__REFUSAL_CODE__REFUSAL_VERSION] = "no common protocol version",
		[COVEY__REFUSAL_CODE__REFUSAL_UNKNOWN_HOST] = "host not in the GKM's inventory",
		[COVEY__REFUSAL_CODE__REFUSAL_VTEP] = "VTEP address not the GKM's inventory's",
		[COVEY__REFUSAL_CODE__REFUSAL_UNKNOWN_GROUP] = "group not in the GKM's inventory",
		[COVEY__REFUSAL_CODE__REFUSAL_NOT_AUTHORISED] = "not a member of the group",
		[COVEY__REFUSAL_CODE__REFUSAL_SENDER_ID] = "SenderID belongs to another identity",
		[COVEY__REFUSAL_CODE__REFUSAL_SENDER_IDS_EXHAUSTED] = "no SenderID is left",
		[COVEY__REFUSAL_CODE__REFUSAL_EPOCHS_EXHAUSTED] = "no epoch is left",
		[COVEY__REFUSAL_CODE__REFUSAL_SUPERSEDED] = "another session of our identity",
		[COVEY__REFUSAL_CODE__REFUSAL_PROTOCOL] = "protocol error",
		[COVEY__REFUSAL_CODE__REFUSAL_UNAVAILABLE] = "the GKM cannot do it now",
		[COVEY__REFUSAL_CODE__REFUSAL_SHUTDOWN] = "the GKM stops",
		[COVEY__REFUSAL_CODE__REFUSAL_EVICTED] = "evicted by the operator",
		[COVEY__REFUSAL_CODE__REFUSAL_REVOKED] = "certificate revoked",
	};

	if ((size_t)code >= sizeof(names) / sizeof(names[0]))
		return "unknown refusal";
	return names[code];
}
