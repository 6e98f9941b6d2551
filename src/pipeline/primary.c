/* The look-up of primary.h: a walk over the lists, for the few messages that are a NOTIFY. */
#include "pipeline/primary.h"

#include <stdlib.h>
#include <string.h>

#include "config/secret.h"

struct primary {
	bool has_key;
	struct tsig_key key;
};

struct primaries {
	const struct config *config;
	size_t count;
	struct primary list[]; /* by the list's number; none when no list is transferred */
};

struct primaries *primaries_new(const struct config *config)
{
	size_t count = 0;
	for (size_t i = 0; i < config->list_count; i++)
		if (config->lists[i].rpz)
			count = i + 1;
	struct primaries *primaries = calloc(1, sizeof *primaries + count * sizeof *primaries->list);
	if (!primaries)
		return NULL;
	primaries->config = config;
	primaries->count = count;
	for (size_t i = 0; i < count; i++) {
		const struct config_rpz *rpz = config->lists[i].rpz;
		struct primary *primary = &primaries->list[i];
		/* Why it can not be read is told by each round of the list. */
		primary->has_key = rpz && rpz->tsig && !config_rpz_key(rpz, &primary->key);
	}
	return primaries;
}

void primaries_free(struct primaries **primaries)
{
	struct primaries *old = *primaries;
	if (!old)
		return;
	explicit_bzero(old->list, old->count * sizeof *old->list);
	free(old);
	*primaries = NULL;
}

int primary_of_notify(const struct primaries *primaries, const struct dns_query *message,
                      const struct addr *sender)
{
	if (message->opcode != DNS_OPCODE_NOTIFY || !message->question_length ||
	    message->type != DNS_TYPE_SOA || message->class != DNS_CLASS_IN)
		return -1;
	for (size_t i = 0; i < primaries->count; i++) {
		const struct config_rpz *rpz = primaries->config->lists[i].rpz;
		if (rpz && dns_name_equal(&rpz->zone, &message->name) &&
		    addr_equal(&rpz->primary.addr, sender))
			return (int)i;
	}
	return -1;
}

void primary_judge(const struct primaries *primaries, int list, const uint8_t *packet,
                   size_t length, uint64_t wall_s, struct primary_answer *answer)
{
	const struct primary *primary = &primaries->list[list];
	const struct tsig_key *key = primary->has_key ? &primary->key : NULL;
	enum tsig_result result = tsig_request_verify(&answer->request, key, packet, length, wall_s);
	answer->malformed = result == TSIG_BAD;
	answer->rcode = result == TSIG_REFUSED     ? DNS_RCODE_NOTAUTH
	                : result == TSIG_NO_MEMORY ? DNS_RCODE_SERVFAIL
	                                           : DNS_RCODE_NOERROR;
}

size_t primary_sign(struct primary_answer *answer, uint8_t *out, size_t length, uint64_t wall_s)
{
	int signed_length = (int)length;
	if (answer->request.is_signed && answer->rcode != DNS_RCODE_SERVFAIL)
		signed_length = tsig_answer(&answer->request, out, length, wall_s);
	tsig_deinit(&answer->request.session);
	return signed_length > 0 ? (size_t)signed_length : 0;
}
