/* What a line says besides what it lists: under which condition the entry holds, and the reply that it asks
 * for. Read from the text, on the stack; detail.h keeps what is to stay. */
#ifndef PF_LISTS_TERMS_H
#define PF_LISTS_TERMS_H

#include "dns/reply.h"
#include "lists/lists.h"
#include "value/verdict.h"

/* More than any list in the wild has on one line. */
#define TERMS_TYPES_MAX 32
#define TERMS_SPANS_MAX 64
#define TERMS_RECORDS_MAX REPLY_RECORDS_MAX

struct terms_span {
	const char *text;
	uint16_t length;
	bool negated;
};

struct terms_spans {
	size_t count;
	struct terms_span list[TERMS_SPANS_MAX];
};

struct terms {
	bool important; /* an exception that is not important does not count */
	/* Of an exception: it counts only where no other entry of its list is nearer to the name. So it is in
	 * formats where the most particular line wins (RPZ, dnsmasq, unbound), and not in adblock's. */
	bool nearest;
	bool has_reply;
	enum reply_kind reply; /* NULL, NXDOMAIN, NODATA, REFUSED, DROP, TRUNCATED or RECORDS */
	size_t record_bytes;
	uint8_t records[TERMS_RECORDS_MAX]; /* as dns/reply.h has them */
	size_t type_count;
	struct {
		uint16_t type;
		bool negated;
	} types[TERMS_TYPES_MAX];
	struct terms_spans clients, tags,
		spared; /* $client, $ctag, $denyallow; borrowed from the line */
};

/* All but the arrays, which are bounded by their counts. */
void terms_init(struct terms *terms);

void terms_copy(struct terms *to, const struct terms *from);

/* Do they say nothing? Then the entry needs no detail. */
bool terms_empty(const struct terms *terms);

/* The modifiers of adblock's syntax, without the `$`: important, dnstype, client, ctag, denyallow, dnsrewrite.
 * `exception`: of a line that begins with @@, where dnsrewrite can not be. Returns -1 and fills `terms`,
 * or the reason: SKIP_MODIFIER for one that is not known or can not be read. */
int terms_read_modifiers(struct terms *terms, const char *text, size_t length, bool exception);

/* Adds a record; PF_EFULL over TERMS_RECORDS_MAX. */
PF_MUST_CHECK int terms_add_record(struct terms *terms, uint16_t type, const uint8_t *rdata,
                                   size_t length);
PF_MUST_CHECK int terms_add_address(struct terms *terms, const struct addr *addr);

#endif
