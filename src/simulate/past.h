/* Private to simulate/: answers of the journal as the rules want them, each read once. */
#ifndef PF_SIMULATE_PAST_H
#define PF_SIMULATE_PAST_H

#include <stdatomic.h>

#include "dns/name.h"
#include "journal/store.h"
#include "value/facts.h"

#define PAST_ANSWERS_MAX \
	65536 /* some 20 MB; then all are forgotten and read again when they come */

struct past_answer {
	int64_t id;
	struct answer_facts *facts;
	struct addr *addresses; /* facts->address_count */
	struct dns_name *hops;
	size_t hop_count;
	atomic_uint_least64_t rules; /* struct policy_answer, kept */
};

struct past;
/* NULL without memory. */
struct past *past_new(struct store *store);
void past_free(struct past **past);

/* `*answer` is valid until the next call; NULL: the journal has no such answer any more. PF_ENOMEM, PF_EIO. */
PF_MUST_CHECK int past_find(struct past *past, int64_t id, struct past_answer **answer);

#endif
