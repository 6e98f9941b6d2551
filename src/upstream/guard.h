/* Private to upstream/: what an answer over UDP must have right beside address, port, id and question, so that it can not be guessed: a cookie
 * (RFC 7873), which every question carries, and the letter case of the question when that is random ("0x20"). What is known of a
 * server is this worker's own. What is doubtful is asked again over TCP, plainly. */
#ifndef PF_UPSTREAM_GUARD_H
#define PF_UPSTREAM_GUARD_H

#include "base/hash.h"
#include "dns/query.h"

#define GUARD_DOUBTS_MAX 3 /* in a row: then the server is taken for one that can not do it */

/* Of one server. Zeroed at first. */
struct guard {
	uint8_t cookie[COOKIE_BYTES_MAX];
	uint8_t
		cookie_length; /* 0: none made yet; COOKIE_CLIENT_BYTES: the server's own is not known */
	struct addr ours;  /* the address that it is for: another one gets another (RFC 7873, 5.1) */
	bool cookie_off;   /* it does not take questions with one */
	uint8_t cookie_silences;
	bool case_kept; /* it was seen to keep the case */
	bool case_off;  /* it does not */
	uint8_t case_losses;
};

/* Of one packet to it. */
struct guard_mark {
	uint8_t cookie_length; /* that was sent; 0: none */
	bool cased;
	uint8_t cookie[COOKIE_CLIENT_BYTES];
	uint8_t flips[QUERY_FLIP_BYTES]; /* `cased`: see query_dress */
};

/* Writes the question for this server, which is asked from the address `ours` and told of `subnet`. NULL guard: a plain one. Returns its
 * length. */
size_t guard_write(struct guard *guard, struct guard_mark *mark, const struct addr *ours,
                   const struct prefix *subnet, bool random_case, struct random_pool *random,
                   const struct dns_query *query, uint16_t id, uint8_t out[QUERY_UPSTREAM_MAX]);

enum guard_verdict {
	GUARD_GOOD,
	GUARD_JUNK,     /* not well-formed: the wait goes on */
	GUARD_DOUBTFUL, /* it may be forged, or the server can not do it: ask over TCP */
};

/* An answer that has all else right. `name` is who the log speaks of. */
enum guard_verdict guard_check(struct guard *guard, const struct guard_mark *mark,
                               const uint8_t *packet, size_t length, const struct dns_query *query,
                               const char *name);

/* Nothing came in time. */
void guard_silent(struct guard *guard, const struct guard_mark *mark);

#endif
