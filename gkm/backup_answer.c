/* SPDX-License-Identifier: BSD-3-Clause */
#include "backup_answer.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>

#include "store.h"

/* What covey takes of an answer, less what base64 adds, and less the rest of the answer. */
#define COPY_MAX (40u << 20)

static json_t *in_base64(const unsigned char *bytes, size_t len)
{
	unsigned char *text = malloc(4 * ((len + 2) / 3) + 1);
	json_t *object = NULL;

	if (text) {
		EVP_EncodeBlock(text, bytes, (int)len);
		object = json_pack("{s:b, s:I, s:s}", "ok", true, "bytes", (json_int_t)len, "file",
				   (const char *)text);
	}
	free(text);
	return object;
}

json_t *backup_answer(struct store *store, struct covey_error *error)
{
	unsigned char *bytes;
	json_t *answer;
	size_t len;

	if (store->ops->copy(store, COPY_MAX, &bytes, &len, error) < 0)
		return NULL;
	answer = in_base64(bytes, len);
	free(bytes);
	if (!answer)
		covey_error_set(error, -ENOMEM, "out of memory");
	return answer;
}
