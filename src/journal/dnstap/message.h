/* Private to journal/: a record as dnstap messages (https://dnstap.info): CLIENT_QUERY, for each question to an upstream
 * FORWARDER_QUERY and FORWARDER_RESPONSE, then CLIENT_RESPONSE. */
#ifndef PF_JOURNAL_DNSTAP_MESSAGE_H
#define PF_JOURNAL_DNSTAP_MESSAGE_H

#include "base/buffer.h"
#include "journal/record.h"

#define DNSTAP_MESSAGE_MAX (16u << 10) /* a response, a question, and all that is said of them */

struct dnstap_writer {
	const char *identity, *version; /* borrowed */
	struct buffer extra;            /* scratch; the user inits and deinits it */
};

/* Hands each message to `keep`, with its length in front: | 32 bits, big end first | Dnstap |. PF_OK; PF_EINVAL when one would be
 * too long, or what `keep` returned when that was not PF_OK. */
PF_MUST_CHECK int dnstap_write(struct dnstap_writer *writer, const struct record *record,
                               int (*keep)(void *data, const void *message, size_t length),
                               void *data);

#endif
